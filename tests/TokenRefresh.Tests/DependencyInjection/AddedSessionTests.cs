using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.DependencyInjection;

/// <summary>Sessions that are added and removed while the app runs: one for each tenant.</summary>
public sealed class AddedSessionTests : IAsyncDisposable
{
    private readonly FakeTokenServer _tokens = new();
    private readonly FakeApi _api;
    private readonly ServiceProvider _app;
    private readonly TokenSessions _sessions;

    public AddedSessionTests()
    {
        _api = new FakeApi(_tokens);
        _app = Build();
        _sessions = _app.GetRequiredService<TokenSessions>();
    }

    [Fact]
    public async Task A_tenant_that_is_added_refreshes_by_its_own_options()
    {
        _sessions.Add("tenant-1", Tenant);
        await _sessions["tenant-1"].SignInAsync(_tokens.Issue());
        using var client = new HttpClient(Handler("tenant-1"));
        _tokens.ExpireAccessTokens();

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("https://t1.example.com/me"), Token)).StatusCode);

        Assert.Equal(1, _tokens.Calls);
        Assert.Contains("client_id=tenant", _tokens.ReceivedBodies.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_configured_for_all_sessions_counts_and_the_callers_own_comes_after()
    {
        TimeSpan? seen = null;

        _sessions.Add("tenant-1", options =>
        {
            seen = options.RefreshTimeout;
            Tenant(options);
        });

        Assert.Equal(TimeSpan.FromSeconds(7), seen);
    }

    [Fact]
    public void Options_that_are_wrong_are_refused_and_leave_nothing()
    {
        var failure = Assert.Throws<OptionsValidationException>(() => _sessions.Add("tenant-1", options => options.ClientId = "tenant"));

        Assert.Contains("TokenRefresh client 'tenant-1': TokenEndpoint isn't set.", failure.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _sessions["tenant-1"]);
        _sessions.Add("tenant-1", Tenant);
    }

    [Theory]
    [InlineData("orders")]
    [InlineData("tenant-1")]
    public void A_name_that_exists_is_refused(string name)
    {
        _sessions.Add("tenant-1", Tenant);

        Assert.Contains($"'{name}' exists already", Assert.Throws<ArgumentException>(() => _sessions.Add(name, Tenant)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_of_many_that_add_the_same_name_at_once_succeeds()
    {
        var composed = 0;

        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() =>
        {
            try
            {
                _sessions.Add("tenant-1", options =>
                {
                    Interlocked.Increment(ref composed);
                    Tenant(options);
                });
                return true;
            }
            catch (ArgumentException)
            {
                return false;
            }
        })));

        Assert.Single(results, added => added);
        Assert.Equal(1, composed);
    }

    [Fact]
    public async Task Removal_waits_for_the_refresh_that_is_running()
    {
        _sessions.Add("tenant-1", Tenant);
        var session = _sessions["tenant-1"];
        await session.SignInAsync(_tokens.Issue());
        var gate = _tokens.Hold();
        var refresh = session.RefreshAsync(Token);
        await gate.ArrivedAsync(1);

        var removal = _sessions.RemoveAsync("tenant-1").AsTask();
        Assert.False(removal.IsCompleted);
        _tokens.Release();

        await refresh;
        Assert.True(await removal);
        Assert.Throws<ArgumentException>(() => _sessions["tenant-1"]);
    }

    [Fact]
    public async Task The_end_of_the_app_waits_for_a_removal_that_is_running()
    {
        using var tokens = new FakeTokenServer();
        var app = Build(tokens, _ => { });
        var sessions = app.GetRequiredService<TokenSessions>();
        sessions.Add("tenant-1", Tenant);
        var session = sessions["tenant-1"];
        await session.SignInAsync(tokens.Issue());
        var gate = tokens.Hold();
        var refresh = session.RefreshAsync(Token);
        await gate.ArrivedAsync(1);

        var removal = sessions.RemoveAsync("tenant-1").AsTask();
        var disposal = app.DisposeAsync().AsTask();
        Assert.False(disposal.IsCompleted);
        tokens.Release();

        await Task.WhenAll(refresh, removal, disposal);
    }

    [Fact]
    public async Task Lookups_of_an_unknown_name_disturb_neither_addition_nor_removal()
    {
        using var over = new CancellationTokenSource();
        var lookups = Task.Run(() =>
        {
            while (!over.IsCancellationRequested)
            {
                Record.Exception(() => _sessions["tenant-1"]);
            }
        });

        for (var round = 0; round < 2_000; round++)
        {
            Assert.False(await _sessions.RemoveAsync("tenant-1"));
            _sessions.Add("tenant-1", Tenant);
            Assert.True(await _sessions.RemoveAsync("tenant-1"));
        }

        await over.CancelAsync();
        await lookups;
    }

    [Fact]
    public async Task What_isnt_there_cant_be_removed_and_what_was_registered_neither()
    {
        Assert.False(await _sessions.RemoveAsync("tenant-1"));
        Assert.Contains("registered when the app started", (await Assert.ThrowsAsync<InvalidOperationException>(() => _sessions.RemoveAsync("orders").AsTask())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_after_a_removal_fail_with_its_reason_until_the_tenant_is_added_again()
    {
        _sessions.Add("tenant-1", Tenant);
        await _sessions["tenant-1"].SignInAsync(_tokens.Issue());
        using var client = new HttpClient(Handler("tenant-1"));
        await client.GetAsync(new Uri("https://t1.example.com/me"), Token);

        await _sessions.RemoveAsync("tenant-1");
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => client.GetAsync(new Uri("https://t1.example.com/me"), Token));
        Assert.Equal((TokenRefreshFailure.Configuration, "The session 'tenant-1' was removed."), (failure.Failure, failure.Message));

        _sessions.Add("tenant-1", Tenant);
        await _sessions["tenant-1"].SignInAsync(_tokens.Issue());
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri("https://t1.example.com/me"), Token)).StatusCode);
    }

    [Fact]
    public async Task A_handler_that_was_kept_unused_names_the_removal_too()
    {
        _sessions.Add("tenant-1", Tenant);
        using var client = new HttpClient(Handler("tenant-1"));

        await _sessions.RemoveAsync("tenant-1");

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => client.GetAsync(new Uri("https://t1.example.com/me"), Token));
        Assert.Equal("The session 'tenant-1' was removed.", failure.Message);
    }

    [Fact]
    public async Task A_handler_without_dependency_injection_sends_no_token_of_a_removed_session()
    {
        _sessions.Add("tenant-1", Tenant);
        var session = _sessions["tenant-1"];
        await session.SignInAsync(_tokens.Issue());
        using var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = _api });

        await _sessions.RemoveAsync("tenant-1");

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => client.GetAsync(new Uri("https://t1.example.com/me"), Token));
        Assert.Contains("The session 'tenant-1' was removed", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_api.Received);
    }

    [Fact]
    public async Task The_apps_own_validation_applies()
    {
        using var tokens = new FakeTokenServer();
        await using var app = Build(tokens, services => services
            .AddSingleton<IValidateOptions<TokenRefreshOptions>>(new ValidateOptions<TokenRefreshOptions>(null, options => options.Scope is not null, "Scope is required here.")));
        var sessions = app.GetRequiredService<TokenSessions>();

        var failure = Assert.Throws<OptionsValidationException>(() => sessions.Add("tenant-1", Tenant));

        Assert.Equal(["Scope is required here."], failure.Failures);
        Assert.Throws<ArgumentException>(() => sessions["tenant-1"]);
    }

    [Fact]
    public async Task A_tenant_whose_name_a_client_uses_can_be_added()
    {
        using var tokens = new FakeTokenServer();
        await using var app = Build(tokens, services => services.AddHttpClient("shop").AddTokenRefreshHandler("tenant-1"));
        var sessions = app.GetRequiredService<TokenSessions>();

        sessions.Add("tenant-1", Tenant);

        Assert.Equal("tenant-1", sessions["tenant-1"].Name);
    }

    [Fact]
    public async Task Tokens_that_would_be_saved_unencrypted_are_refused_with_advice_that_fits()
    {
        using var tokens = new FakeTokenServer();
        await using var app = new ServiceCollection().AddTokenSessions().AddSingleton<ITokenStore>(new DisposableStore(new MemoryTokenStore())).BuildServiceProvider();

        var failure = Assert.Throws<OptionsValidationException>(() => app.GetRequiredService<TokenSessions>().Add("tenant-1", Tenant));

        Assert.Contains("Register an ITokenProtector", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_app_may_have_no_other_sessions()
    {
        await using var app = new ServiceCollection().AddTokenSessions().BuildServiceProvider();
        var sessions = app.GetRequiredService<TokenSessions>();

        sessions.Add("tenant-1", Tenant);

        Assert.Equal(TokenSessionState.SignedOut, sessions["tenant-1"].State);
        Assert.Contains("Known: none.", Assert.Throws<ArgumentException>(() => sessions["tenant-2"]).Message, StringComparison.Ordinal);
        Assert.Contains("there is none", Assert.Throws<InvalidOperationException>(app.GetRequiredService<TokenSession>).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_host_of_a_tenant_may_be_known_by_a_function()
    {
        _sessions.Add("tenant-1", options =>
        {
            Tenant(options);
            options.AllowedOrigins.Clear();
            options.IsAllowedOrigin = address => address.Host.EndsWith(".tenants.example.com", StringComparison.Ordinal);
        });
        await _sessions["tenant-1"].SignInAsync(_tokens.Issue());
        using var client = new HttpClient(Handler("tenant-1"));

        foreach (var host in new[] { "https://a.tenants.example.com", "http://a.tenants.example.com", "https://tenants.example.com", "https://evil.example.com" })
        {
            await client.GetAsync(new Uri(host), Token);
        }

        Assert.Equal(["access-1", null, null, null], _api.Received.Select(request => request.Token));
    }

    [Fact]
    public async Task What_the_function_throws_reaches_the_caller()
    {
        _sessions.Add("tenant-1", options =>
        {
            Tenant(options);
            options.IsAllowedOrigin = _ => throw new InvalidOperationException("unknown tenant");
        });
        await _sessions["tenant-1"].SignInAsync(_tokens.Issue());
        using var client = new HttpClient(Handler("tenant-1"));

        await Assert.ThrowsAsync<InvalidOperationException>(() => client.GetAsync(new Uri("https://other.example.com"), Token));
        Assert.Empty(_api.Received);
    }

    [Fact]
    public async Task A_handler_of_a_registered_session_uses_its_clients_base_address()
    {
        await _sessions["orders"].SignInAsync(_tokens.Issue());
        using var client = new HttpClient(Handler("orders"));

        await client.GetAsync(new Uri("https://api.example.com/me"), Token);
        await client.GetAsync(new Uri("https://other.example.com/me"), Token);

        Assert.Equal(["access-1", null], _api.Received.Select(request => request.Token));
    }

    [Fact]
    public void A_handler_of_an_unknown_session_is_refused() =>
        Assert.Contains("No token session 'tenant-9'", Assert.Throws<ArgumentException>(() => _sessions.CreateHandler("tenant-9")).Message, StringComparison.Ordinal);

    [Fact]
    public async Task The_end_of_the_app_saves_the_last_refresh_of_an_added_session()
    {
        var store = new MemoryTokenStore();
        using var tokens = new FakeTokenServer();
        var app = Build(tokens, services => services
            .AddSingleton<ITokenStore>(_ => new DisposableStore(store))
            .AddSingleton<ITokenProtector>(new NoProtector()));
        var sessions = app.GetRequiredService<TokenSessions>();
        sessions.Add("tenant-1", Tenant);
        await sessions["tenant-1"].SignInAsync(tokens.Issue());
        var gate = tokens.Hold();
        var refresh = sessions["tenant-1"].RefreshAsync(Token);
        await gate.ArrivedAsync(1);

        var disposal = app.DisposeAsync().AsTask();
        tokens.Release();
        await refresh;
        await disposal;

        var record = await store.ReadAsync(new TokenSessionKey("tenant-1"), Token);
        Assert.Contains("refresh-2", record!.Value.Text, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _tokens.Dispose();
        _api.Dispose();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static void Tenant(TokenRefreshOptions options)
    {
        options.TokenEndpoint = new Uri("https://login.example.com/token");
        options.ClientId = "tenant";
        options.AllowedOrigins.Add(new Uri("https://t1.example.com"));
    }

    private TokenRefreshHandler Handler(string name)
    {
        var handler = _sessions.CreateHandler(name);
        handler.InnerHandler = _api;
        return handler;
    }

    private ServiceProvider Build() => Build(_tokens, _ => { });

    private static ServiceProvider Build(FakeTokenServer tokens, Action<IServiceCollection> more)
    {
        var services = new ServiceCollection();
        services.ConfigureHttpClientDefaults(clients => clients.ConfigurePrimaryHttpMessageHandler(() => tokens));
        services.ConfigureAll<TokenRefreshOptions>(options => options.RefreshTimeout = TimeSpan.FromSeconds(7));
        services.AddHttpClient("orders", http => http.BaseAddress = new Uri("https://api.example.com")).AddTokenRefreshHandler(Tenant);
        services.Configure<TokenRefreshOptions>("orders", options => options.AllowedOrigins.Clear());
        more(services);
        return services.BuildServiceProvider();
    }

    /// <summary>A store that the container disposes: nothing can be saved afterwards.</summary>
    private sealed class DisposableStore(ITokenStore store) : ITokenStore, IDisposable
    {
        private bool _isDisposed;

        public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => store.ReadAsync(key, cancellationToken);

        public ValueTask<StoredRecord?> CompareExchangeAsync(TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return store.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);
        }

        public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
            store.WaitForChangeAsync(key, revision, timeout, cancellationToken);

        public void Dispose() => _isDisposed = true;
    }

    private sealed class NoProtector : ITokenProtector
    {
        public string Protect(TokenSessionKey key, string text) => text;

        public string Unprotect(TokenSessionKey key, string text) => text;
    }
}
