using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Storage;

/// <summary>A phone kills an app in the middle of a refresh, and starts it again: a new store object over the same texts.</summary>
[Trait("Case", "S2")]
public sealed class KilledAppTests
{
    private readonly ConcurrentDictionary<TokenSessionKey, string> _texts = new();
    private readonly FakeTimeProvider _storesClock = new();

    [Fact]
    public async Task An_app_that_was_killed_while_the_server_answered_refreshes_at_once_when_it_starts_again()
    {
        await using var cluster = TestCluster.Start(2, _ => new PhoneStore(_texts, _storesClock), mode: TokenServerMode.ReuseWithinGracePeriod);
        var (killed, restarted) = (cluster[0], cluster[1]);
        await killed.Session.SignInAsync(cluster.Tokens.Issue());
        cluster.Tokens.ExpireAccessTokens();
        var gate = cluster.Tokens.Hold();
        var lost = killed.GetAsync();
        await gate.ArrivedAsync(1);

        // The clocks stand still: the second call doesn't wait for the lease of the process that is gone.
        var request = restarted.GetAsync();
        await gate.ArrivedAsync(2);
        gate.Open();

        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1", "refresh-1"], cluster.Tokens.ReceivedRefreshTokens);
        (await lost).Dispose();
    }

    [Fact]
    public async Task An_app_that_was_killed_before_the_save_reports_a_lost_rotation_when_it_starts_again()
    {
        await using var cluster = TestCluster.Start(2, _ => new PhoneStore(_texts, _storesClock), mode: TokenServerMode.ReuseIsRejected);
        var (killed, restarted) = (cluster[0], cluster[1]);
        await killed.Session.SignInAsync(cluster.Tokens.Issue());
        cluster.Tokens.ExpireAccessTokens();
        var gate = cluster.Tokens.Hold();
        var lost = killed.GetAsync();
        await gate.ArrivedAsync(1);
        cluster.Tokens.RefreshFromAnotherClient("refresh-1");

        var request = restarted.GetAsync();
        await gate.ArrivedAsync(2);
        gate.Open();

        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(ReLoginReason.LostRotation, Assert.Single(restarted.ReLogins).Reason);
        await EndAsync(lost);
    }

    // The killed process isn't really gone: it looks again when the clock of its store moves.
    private async Task EndAsync(Task<HttpResponseMessage> lost)
    {
        while (await Task.WhenAny(lost, Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System)) != lost)
        {
            _storesClock.Advance(TimeSpan.FromMilliseconds(100));
        }

        (await lost).Dispose();
    }

    private sealed class PhoneStore(ConcurrentDictionary<TokenSessionKey, string> texts, TimeProvider time) : LocalTokenStore(time)
    {
        protected override ValueTask<string?> ReadTextAsync(TokenSessionKey key, CancellationToken cancellationToken) => new(texts.GetValueOrDefault(key));

        protected override ValueTask WriteTextAsync(TokenSessionKey key, string text, CancellationToken cancellationToken)
        {
            texts[key] = text;
            return default;
        }

        protected override ValueTask RemoveTextAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            texts.TryRemove(key, out _);
            return default;
        }
    }
}
