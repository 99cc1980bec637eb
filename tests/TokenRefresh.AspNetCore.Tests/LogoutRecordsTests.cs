using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.AspNetCore.BackChannelLogout;
using TokenRefresh.AspNetCore.Sessions;
using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>What a node knows of the logouts that other nodes received.</summary>
public sealed class LogoutRecordsTests : IAsyncDisposable
{
    private const string Hash = "subject";
    private static readonly LoginKey Login = new("key", Subject: Hash, IssuedAt: 10);

    private readonly FakeTimeProvider _time = new();
    private readonly NotifyingStore _store = new();
    private readonly ServiceProvider _services;
    private readonly UserSession _session;
    private readonly LogoutRecords _records;

    public LogoutRecordsTests()
    {
        _services = new ServiceCollection().AddOptions().AddSingleton<ITokenStore>(_store).BuildServiceProvider();
        _session = new UserSession(_services, "shop", new UserTokenOptions(), openIdConnectScheme: null);
        _records = CreateNode();
    }

    public ValueTask DisposeAsync()
    {
        _records.Dispose();
        return _services.DisposeAsync();
    }

    [Fact]
    [Trait("Case", "W8")]
    public async Task A_request_that_is_aborted_while_it_looks_hides_no_logout_from_the_next_one()
    {
        Assert.False(await _records.IsEndedAsync(_session, Login, CancellationToken.None));
        using var other = CreateNode();
        await other.EndAsync(_session, Hash, issuedAt: 10, CancellationToken.None);
        _store.Reads = new Gate();
        using var request = new CancellationTokenSource();

        var look = _records.IsEndedAsync(_session, Login, request.Token);
        await _store.Reads.ArrivedAsync(1);
        await request.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await look);
        _store.Reads = null;

        Assert.True(await _records.IsEndedAsync(_session, Login, CancellationToken.None));
    }

    private LogoutRecords CreateNode() => new(new LogoutStore(_services), new StoreLimit(_time), _time) { IsUsed = true };
}
