using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;
using Xunit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A flight that is under way when the app ends is finished, wherever it is.</summary>
[Trait("Case", "C22")]
public sealed class DrainCases
{
    [Fact]
    public async Task A_flight_that_hasnt_called_its_endpoint_yet_still_can()
    {
        var store = new SlowStore();
        await using var app = TestApp.Create(services: services => services.AddTokenSession(TestApp.Name).UseStore(store));
        await app.SignInAsync();
        var refreshing = app.Session.RefreshAsync();
        await store.Begins.ArrivedAsync(1);

        var disposing = app.Services.DisposeAsync().AsTask();
        store.Begins.Open();
        await refreshing.WaitAsync(Gate.FailSafe, TimeProvider.System);

        await disposing;
        Assert.Equal(["refresh-1"], app.Tokens.Presented);
    }

    /// <summary>A store that lets a claim through when its gate opens.</summary>
    private sealed class SlowStore : StoreAround
    {
        public Gate Begins { get; } = new();

        public override async ValueTask<TokenStoreAnswer> BeginAsync(TokenSessionKey key, RefreshClaim claim, CancellationToken cancellationToken)
        {
            await Begins.PassAsync(cancellationToken);
            return await base.BeginAsync(key, claim, cancellationToken);
        }
    }
}
