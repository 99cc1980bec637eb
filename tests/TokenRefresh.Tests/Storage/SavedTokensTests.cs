using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Storage;

/// <summary>What leaves the process is encrypted, and what can't be read is left alone.</summary>
public sealed class SavedTokensTests
{
    private static readonly TokenSessionKey Key = new(TestApp.Name);

    [Fact]
    [Trait("Case", "C45")]
    public async Task An_app_that_would_save_plaintext_fails_at_start_up()
    {
        var builder = Host.CreateApplicationBuilder();
        Register(builder.Services).UseStore(new DictionaryTokenStore());
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains("'orders'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("UseDataProtection()", failure.Message, StringComparison.Ordinal);
        Assert.Contains("AllowUnencryptedStore()", failure.Message, StringComparison.Ordinal);
        Assert.Contains("DictionaryTokenStore", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("shared memory")]
    [InlineData("plaintext")]
    [InlineData("protector")]
    public async Task An_app_that_saves_nothing_or_encrypts_or_says_so_starts(string kind)
    {
        var builder = Host.CreateApplicationBuilder();
        var session = Register(builder.Services);
        _ = kind switch
        {
            "memory" => session,
            "shared memory" => session.UseStore(new MemoryTokenStore()),
            "plaintext" => session.UseStore(new DictionaryTokenStore()).AllowUnencryptedStore(),
            _ => session.UseStore(new DictionaryTokenStore()).UseProtector(_ => Ring(new EphemeralDataProtectionProvider())),
        };
        using var host = builder.Build();

        await host.StartAsync();
        await host.StopAsync();
    }

    [Fact]
    public void Plaintext_allowed_for_one_session_is_not_allowed_for_another()
    {
        var services = new ServiceCollection();
        Register(services).UseStore(new DictionaryTokenStore()).AllowUnencryptedStore();
        services.AddTokenSession("other", Options).UseStore(new DictionaryTokenStore());
        using var provider = services.BuildServiceProvider();
        var sessions = provider.GetRequiredService<TokenSessions>();

        Assert.Equal(TestApp.Name, sessions[TestApp.Name].Name);
        Assert.Throws<OptionsValidationException>(() => sessions["other"]);
    }

    [Fact]
    public void A_session_made_by_hand_keeps_the_same_rule()
    {
        var options = new TokenRefreshOptions();
        Options(options);

        Assert.Throws<ArgumentException>(() => TokenSession.Create(options, new TokenSessionSettings { Store = new DictionaryTokenStore() }));
        using var plain = TokenSession.Create(options, new TokenSessionSettings { Store = new DictionaryTokenStore(), AllowUnencryptedStore = true });
        using var encrypted = TokenSession.Create(options, new TokenSessionSettings { Store = new DictionaryTokenStore(), Protector = Ring(new EphemeralDataProtectionProvider()) });
    }

    [Fact]
    [Trait("Case", "C42")]
    public async Task Nothing_readable_is_saved()
    {
        var store = new DictionaryTokenStore();
        await using var app = Create(store, Ring(new EphemeralDataProtectionProvider()));
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        using var response = await app.GetAsync();

        var text = Assert.Single(store.Texts.Values);
        Assert.DoesNotContain("access-", text, StringComparison.Ordinal);
        Assert.DoesNotContain("refresh-", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_login_outlives_its_process()
    {
        var store = new DictionaryTokenStore();
        var ring = new EphemeralDataProtectionProvider();
        await using (var first = Create(store, Ring(ring)))
        {
            await first.SignInAsync();
        }

        await using var second = Create(store, Ring(ring));
        Assert.Equal(TokenSessionState.NotLoaded, second.Session.State);
        Assert.Equal("access-1", await second.Session.GetAccessTokenAsync());
        Assert.Equal(0, second.Tokens.Calls);
    }

    [Fact]
    public async Task Tokens_of_another_key_ring_are_a_configuration_failure_and_stay_as_they_are()
    {
        var store = new DictionaryTokenStore();
        await using (var first = Create(store, Ring(new EphemeralDataProtectionProvider())))
        {
            await first.SignInAsync();
        }

        var saved = store.Texts.Values.Single();
        await using var second = Create(store, Ring(new EphemeralDataProtectionProvider()));

        var used = await Assert.ThrowsAsync<TokenRefreshException>(() => second.Session.GetAccessTokenAsync());
        var refreshed = await Assert.ThrowsAsync<TokenRefreshException>(() => second.Session.RefreshAsync());

        Assert.All([used, refreshed], failure => Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure));
        Assert.Equal(saved, store.Texts.Values.Single());
        Assert.Equal(0, second.Tokens.Calls);
        Assert.Empty(second.ReLogins);
    }

    [Fact]
    public async Task A_login_that_cant_be_loaded_holds_its_requests_back()
    {
        var store = new DictionaryTokenStore();
        store.Texts[Key] = "damage";
        await using var app = Create(store, Ring(new EphemeralDataProtectionProvider()));

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Equal(0, app.Api.Calls);
    }

    [Fact]
    public async Task Tokens_of_a_newer_format_are_a_configuration_failure_and_stay_as_they_are()
    {
        var store = new DictionaryTokenStore();
        await using (var newer = TestApp.Over(store))
        {
            await newer.SignInAsync();
        }

        // The tokens are text in the record's text.
        var saved = store.Texts[Key] = store.Texts[Key].Replace("\\\"v\\\":1", "\\\"v\\\":2", StringComparison.Ordinal);
        Assert.Contains(":2,", saved, StringComparison.Ordinal);
        await using var app = TestApp.Over(store);

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Equal((0, 0), (app.Api.Calls, app.Tokens.Calls));
        Assert.Equal(saved, store.Texts[Key]);
    }

    [Fact]
    public async Task RefreshAsync_loads_at_once_what_was_mended()
    {
        var store = new DictionaryTokenStore();
        var ring = new EphemeralDataProtectionProvider();
        await using var app = Create(store, Ring(ring));
        await app.SignInAsync();
        await using var other = Create(store, Ring(ring));
        var saved = store.Texts[Key];
        store.Texts[Key] = "damage";
        await Assert.ThrowsAsync<TokenRefreshException>(() => other.Session.GetAccessTokenAsync());
        store.Texts[Key] = saved;

        var held = await Assert.ThrowsAsync<TokenRefreshException>(() => other.Session.GetAccessTokenAsync());
        var asked = await Assert.ThrowsAsync<TokenRefreshException>(() => other.Session.RefreshAsync());

        // Its own token server doesn't know the login: that it was asked is what counts.
        Assert.Equal((TokenRefreshFailure.Configuration, TokenRefreshFailure.ReLoginRequired), (held.Failure, asked.Failure));
        Assert.Equal(["refresh-1"], other.Tokens.ReceivedRefreshTokens);
    }

    [Fact]
    [Trait("Case", "B70")]
    public async Task A_sign_in_replaces_tokens_whose_key_was_lost()
    {
        var store = new DictionaryTokenStore();
        await using (var first = Create(store, Ring(new EphemeralDataProtectionProvider())))
        {
            await first.SignInAsync();
        }

        await using var second = Create(store, Ring(new EphemeralDataProtectionProvider()));
        var tokens = await second.SignInAsync();

        Assert.Equal(tokens.AccessToken, await second.Session.GetAccessTokenAsync());
    }

    [Fact]
    public async Task After_a_sign_out_there_is_room_for_a_login_of_another_key_ring()
    {
        var store = new DictionaryTokenStore();
        await using (var first = Create(store, Ring(new EphemeralDataProtectionProvider())))
        {
            await first.SignInAsync();
        }

        await using var second = Create(store, Ring(new EphemeralDataProtectionProvider()));
        await second.Session.SignOutAsync();
        var tokens = await second.SignInAsync();

        Assert.Equal(tokens.AccessToken, await second.Session.GetAccessTokenAsync());
    }

    [Fact]
    public async Task Without_its_key_no_refresh_token_is_used()
    {
        var protector = new LosableKey();
        await using var app = Create(new DictionaryTokenStore(), protector);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        protector.IsLost = true;

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal(TokenRefreshFailure.Configuration, failure.Failure);
        Assert.Equal(0, app.Tokens.Calls);
        Assert.DoesNotContain("key material", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_protected_for_one_session_cant_be_read_for_another()
    {
        var protector = Ring(new EphemeralDataProtectionProvider());
        var text = protector.Protect(new TokenSessionKey("a:b", "c"), "tokens");

        Assert.Equal("tokens", protector.Unprotect(new TokenSessionKey("a:b", "c"), text));
        Assert.ThrowsAny<CryptographicException>(() => protector.Unprotect(new TokenSessionKey("a", "b:c"), text));
        Assert.ThrowsAny<CryptographicException>(() => protector.Unprotect(new TokenSessionKey("a:b"), text));
    }

    [Fact]
    public async Task UseDataProtection_registers_all_that_is_needed()
    {
        var store = new DictionaryTokenStore();
        await using var app = TestApp.Create(services: services =>
        {
            services.AddSingleton<IDataProtectionProvider>(new EphemeralDataProtectionProvider());
            services.AddTokenSession(TestApp.Name).UseStore(store).UseDataProtection();
        });
        await app.SignInAsync();

        Assert.DoesNotContain("refresh-1", store.Texts[Key], StringComparison.Ordinal);
    }

    private static TokenSessionBuilder Register(IServiceCollection services) => services.AddTokenSession(TestApp.Name, Options);

    private static void Options(TokenRefreshOptions options)
    {
        options.TokenEndpoint = new Uri("https://login.example.com/token");
        options.ClientId = "shop";
    }

    private static TestApp Create(ITokenStore store, ITokenProtector protector) => TestApp.Create(
        services: services => services.AddTokenSession(TestApp.Name).UseStore(store).UseProtector(_ => protector));

    private static DataProtectionTokenProtector Ring(EphemeralDataProtectionProvider ring) => new(ring);

    private sealed class LosableKey : ITokenProtector
    {
        public bool IsLost { get; set; }

        public string Protect(TokenSessionKey key, string plaintext) => IsLost
            ? throw new CryptographicException("key material")
            : Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(plaintext));

        public string Unprotect(TokenSessionKey key, string protectedText) => System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(protectedText));
    }
}
