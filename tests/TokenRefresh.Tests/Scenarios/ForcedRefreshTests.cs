using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;
using Xunit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>RefreshAsync while the endpoint is spared after a failure.</summary>
public sealed class ForcedRefreshTests
{
    [Fact]
    public async Task A_forced_refresh_that_joins_a_flight_without_a_call_makes_the_call_afterwards()
    {
        var store = new GatedReads(new MemoryTokenStore());
        await using var app = TestApp.Over(store, options => options.ConfigureRefreshPipeline = _ => { });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.Next(HttpStatusCode.ServiceUnavailable);
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        // The cool-down lasts one second more or less. The second failure makes it longer than the store's recheck interval.
        app.Time.Advance(TimeSpan.FromSeconds(1.3));
        app.Tokens.Next(HttpStatusCode.ServiceUnavailable);
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());
        app.Time.Advance(TimeSpan.FromSeconds(1.1));
        store.Gate = new Gate();
        var looking = app.GetAsync();
        await store.Gate.ArrivedAsync(1);
        var calls = app.Tokens.Calls;

        var forced = app.Session.RefreshAsync();
        store.Gate.Open();

        await forced.WaitAsync(Gate.FailSafe, TimeProvider.System);
        await Assert.ThrowsAsync<TokenRefreshException>(() => looking);
        Assert.Equal(1, app.Tokens.Calls - calls);
    }
}
