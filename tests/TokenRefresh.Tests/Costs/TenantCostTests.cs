using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Tests.Costs;

/// <summary>What tenants leave behind that were added and removed.</summary>
[Collection("Costs")]
public sealed class TenantCostTests : IAsyncDisposable
{
    private readonly ServiceProvider _app;
    private readonly TokenSessions _sessions;

    public TenantCostTests()
    {
        var services = new ServiceCollection();
        services.AddTokenSession("orders", Tenant);
        _app = services.BuildServiceProvider();
        _sessions = _app.GetRequiredService<TokenSessions>();
    }

    [Fact]
    public async Task Ten_thousand_tenants_leave_nothing_behind()
    {
        var last = await AddAndRemoveAsync("warm", 10);
        Collect();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        last = await AddAndRemoveAsync("tenant", 10_000);

        Collect();
        Assert.False(last.TryGetTarget(out _));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 2_000_000);
        Assert.Empty(_sessions.GetHealth());
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static void Tenant(TokenRefreshOptions options)
    {
        options.TokenEndpoint = new Uri("https://login.example.com/token");
        options.ClientId = "tenant";
        options.AllowedOrigins.Add(new Uri("https://t1.example.com"));
    }

    private static void Collect()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<WeakReference<TokenSession>> AddAndRemoveAsync(string prefix, int count)
    {
        WeakReference<TokenSession>? last = null;
        for (var i = 0; i < count; i++)
        {
            var name = $"{prefix}-{i}";
            _sessions.Add(name, Tenant);
            last = new WeakReference<TokenSession>(_sessions[name]);
            await _sessions[name].SignInAsync(new TokenSet("a", "r"));
            using var client = new HttpClient(NewHandler(name));
            await client.GetAsync(new Uri("https://elsewhere.example.com"), CancellationToken.None);
            await _sessions.RemoveAsync(name);
        }

        return last!;
    }

    private TokenRefreshHandler NewHandler(string name)
    {
        var handler = _sessions.CreateHandler(name);
        handler.InnerHandler = new NoApi();
        return handler;
    }

    private sealed class NoApi : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage());
    }
}
