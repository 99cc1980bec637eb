using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Storage;

/// <summary>A store whose clock, or whose column for it, says something absurd.</summary>
[Trait("Case", "S10")]
public sealed class StoreAgeTests
{
    public static TheoryData<TimeSpan> Ages => new(TimeSpan.MaxValue, TimeSpan.MinValue, TimeSpan.FromDays(800_000), TimeSpan.FromDays(-1));

    [Theory]
    [MemberData(nameof(Ages))]
    public async Task An_absurd_age_of_a_record_costs_no_login(TimeSpan age)
    {
        var records = new MemoryTokenStore();
        await using var app = TestApp.Over(new AgedStore(records, age));
        await using var earlier = TestApp.Over(records);
        await earlier.Session.SignInAsync(app.Tokens.Issue());

        Assert.NotNull(await app.Session.GetAccessTokenAsync());
        await app.Session.RefreshAsync();
        await app.Session.SignInAsync(app.Tokens.Issue());
        await app.Session.RefreshAsync();

        Assert.NotNull(await app.Session.GetAccessTokenAsync());
        Assert.Empty(app.ReLogins);
    }

    private sealed class AgedStore(ITokenStore records, TimeSpan age) : StoreAround(records)
    {
        public override async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
            Aged(await base.ReadAsync(key, cancellationToken));

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken) =>
            Aged(await base.WriteAsync(write, cancellationToken));

        private StoredRecord? Aged(StoredRecord? stored) => stored is { } record ? record with { Age = age } : null;
    }
}
