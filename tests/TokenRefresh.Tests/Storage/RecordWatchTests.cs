using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage;

public sealed class RecordWatchTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Records_that_no_session_came_back_to_are_forgotten_when_they_are_old_and_many()
    {
        var watch = new RecordWatch(_time);
        Observe(watch, first: 0, count: 64);
        Observe(watch, first: 64, count: 1);
        Assert.Equal(65, watch.Count);

        _time.Advance(TimeSpan.FromHours(2) + TimeSpan.FromSeconds(1));
        Observe(watch, first: 100, count: 2);

        Assert.Equal(2, watch.Count);
    }

    private static void Observe(RecordWatch watch, int first, int count)
    {
        for (var user = first; user < first + count; user++)
        {
            watch.Observe(new TokenSessionKey("orders", $"{user}"), new StoredRecord("text", "1", TimeSpan.Zero));
        }
    }
}
