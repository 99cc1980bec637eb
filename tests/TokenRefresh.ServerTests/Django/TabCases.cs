using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Samples.Servers;
using TokenRefresh.TestKit;

namespace TokenRefresh.ServerTests.Django;

/// <summary>
/// Six tabs of one user, reloaded as fast as they can be: each load is an app of its own with two clients, and all of them share one saved
/// login of a server that rotates and blacklists. Tokens live two seconds.
/// </summary>
public sealed class TabCases(DjangoServers servers)
{
    private const int Tabs = 6;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(8);
    private static readonly string[] Orders = ["jwt", "basic,jwt", "session,jwt", "session,basic,jwt"];

    [Fact]
    [Trait("Case", "C4")]
    [Trait("Case", "B40")]
    [Trait("Case", "B97")]
    public async Task Fast_reloads_of_six_tabs_sign_no_user_out_whatever_authenticator_comes_first()
    {
        Machine.MustHave(SimpleJwtServer.MissingReason);

        // The orders run side by side: each has a server of its own.
        await Task.WhenAll(Orders.Select(ReloadAsync));
    }

    [Theory]
    [Trait("Case", "B01")]
    [InlineData("latest")]
    [InlineData("session first")]
    public async Task An_ended_login_costs_six_tabs_one_refresh_and_one_sign_in(string setup)
    {
        var server = await servers.GetAsync(setup);
        var user = await servers.CreateUserAsync(server);
        using var directory = new TempDirectory();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var tabs = Enumerable.Range(0, Tabs)
            .Select(_ => new DjangoApp(server, session: builder => builder.UseFileStore(directory.Path).AllowUnencryptedStore(), time: time))
            .ToArray();
        await tabs[0].SignInExpiredAsync(user);
        await server.RevokeAsync(user);

        var statuses = await tabs[0].MoveTimeWhileAsync(Task.WhenAll(tabs.Select(tab => tab.GetManyAsync(5))));

        Assert.Empty(statuses.SelectMany(status => status).Except([HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden]));
        Assert.Equal(1, (await server.GetStatsAsync()).Refreshes);
        Assert.All(tabs, tab => Assert.Equal((TokenSessionState.ReLoginRequired, 1), (tab.Session.State, tab.ReLogins.Count)));

        // One tab signs in. The others look into the store again after a second.
        await tabs[0].SignInAsync(user);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([HttpStatusCode.OK], (await Task.WhenAll(tabs.Select(tab => tab.GetAsync()))).Distinct());
        Assert.Equal(1, (await server.GetStatsAsync()).Refreshes);
        foreach (var tab in tabs)
        {
            await tab.DisposeAsync();
        }
    }

    private static async Task ReloadAsync(string order)
    {
        var options = new SimpleJwtServerOptions { Authentication = order.Split(','), RefreshDelay = TimeSpan.FromMilliseconds(100) };
        await using var server = await SimpleJwtServer.StartAsync(options);
        using var directory = new TempDirectory();
        var user = new User(server, directory.Path);
        await user.SignInAsync();

        await Task.WhenAll(Enumerable.Range(0, Tabs).Select(tab => Task.Run(() => user.ReloadAsync(tab, Duration))));

        var stats = await server.GetStatsAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{order}: {user.Loads} loads, {user.Pages} responses, {stats}");
        Assert.Equal((0, 0), (user.ReLogins, user.Failures));
        Assert.Equal((0, 1), (stats.PresentedTwice, stats.RefreshPeak));
        Assert.Equal(stats.Refreshes, stats.RefreshesGranted);

        // A token lives a little less than two seconds.
        Assert.InRange(stats.Refreshes, 3, 12);
        Assert.True(user.Loads > 3 * Tabs, $"Only {user.Loads} loads.");
    }

    private sealed class TempDirectory : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("tokenrefresh-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }

    /// <summary>What one user's tabs do, and what they see.</summary>
    private sealed class User(SimpleJwtServer server, string directory)
    {
        private int _reLogins;
        private int _failures;
        private int _loads;
        private int _pages;

        public int ReLogins => _reLogins;

        public int Failures => _failures;

        public int Loads => _loads;

        public int Pages => _pages;

        public async Task SignInAsync()
        {
            var tokens = await server.SignInAsync();
            await using var services = Start();
            await services.GetRequiredService<TokenSessions>()["shop"].SignInAsync(new TokenSet(tokens.Access, tokens.Refresh));
        }

        public async Task ReloadAsync(int tab, TimeSpan duration)
        {
            var start = TimeProvider.System.GetTimestamp();
            for (var load = tab; TimeProvider.System.GetElapsedTime(start) < duration; load++)
            {
                await LoadAsync(isReloadedEarly: load % 3 == 0);
                Interlocked.Increment(ref _loads);
            }
        }

        /// <summary>One page load. If the tab is reloaded early, its requests are abandoned as soon as the first one is answered.</summary>
        private async Task LoadAsync(bool isReloadedEarly)
        {
            await using var services = Start();
            using var reload = new CancellationTokenSource();
            var clients = services.GetRequiredService<IHttpClientFactory>();
            var requests = Enumerable.Range(0, 10)
                .Select(i => Task.Run(() => GetAsync(clients.CreateClient(i % 2 == 0 ? "orders" : "stock"), reload.Token)))
                .ToArray();
            if (isReloadedEarly)
            {
                await Task.WhenAny(requests);
                await reload.CancelAsync();
            }

            await Task.WhenAll(requests);
        }

        private async Task GetAsync(HttpClient client, CancellationToken cancellationToken)
        {
            try
            {
                using var response = await client.GetAsync(new Uri("api/me", UriKind.Relative), cancellationToken);
                Interlocked.Increment(ref response.StatusCode == HttpStatusCode.OK ? ref _pages : ref _failures);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // The tab was reloaded.
            }
            catch (HttpRequestException)
            {
                Interlocked.Increment(ref _failures);
            }
        }

        private ServiceProvider Start()
        {
            var services = new ServiceCollection();
            services.AddTokenSession("shop", options =>
            {
                options.TokenEndpoint = server.TokenEndpoint;
                options.Protocol = TokenEndpointProtocol.SimpleJwt;
                options.AllowedOrigins.Add(server.Address);

                // Tokens live two seconds, less than the default of ten.
                options.MinRefreshInterval = TimeSpan.Zero;
            }).UseFileStore(directory).AllowUnencryptedStore();
            services.AddHttpClient("orders", client => client.BaseAddress = server.Address).AddTokenRefreshHandler("shop");
            services.AddHttpClient("stock", client => client.BaseAddress = server.Address).AddTokenRefreshHandler("shop");
            Canary.Watch(services);
            var provider = services.BuildServiceProvider();
            provider.GetRequiredService<TokenSessions>()["shop"].ReLoginRequired += (_, _) => Interlocked.Increment(ref _reLogins);
            return provider;
        }
    }
}
