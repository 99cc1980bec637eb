using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Tests.Storage;

namespace TokenRefresh.Tests.Testing;

/// <summary>The package's own promises: its assertions fail when they should.</summary>
public sealed class TestingPackageTests
{
    [Fact]
    public void Refreshes_that_were_not_asked_for_fail_the_assertion()
    {
        var tokens = new FakeTokenServer();

        var failure = Assert.Throws<TokenAssertionException>(() => tokens.AssertRefreshes(1));

        Assert.StartsWith("Expected refreshes: 1. Received: 0. Check that the session is signed in, ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refresh_token_that_is_used_twice_fails_the_assertion()
    {
        var tokens = new FakeTokenServer();
        using var client = new HttpClient(tokens);
        await RefreshAsync(client);
        tokens.AssertNoRefreshTokenUsedTwice();

        await RefreshAsync(client);

        var failure = Assert.Throws<TokenAssertionException>(tokens.AssertNoRefreshTokenUsedTwice);
        Assert.Contains("refresh-1, refresh-1", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TokenServerMode.ReuseIsRejected, HttpStatusCode.BadRequest)]
    [InlineData(TokenServerMode.ReuseRevokesFamily, HttpStatusCode.BadRequest)]
    [InlineData(TokenServerMode.ReuseWithinGracePeriod, HttpStatusCode.OK)]
    public async Task Reuse_is_answered_as_the_mode_says(TokenServerMode mode, HttpStatusCode expected)
    {
        var tokens = new FakeTokenServer(mode: mode);
        tokens.Issue();
        using var client = new HttpClient(tokens);
        await RefreshAsync(client);

        Assert.Equal(expected, await RefreshAsync(client));
    }

    [Fact]
    public async Task A_token_that_another_client_has_used_gets_its_pair_within_the_grace()
    {
        using var server = new FakeTokenServer(mode: TokenServerMode.ReuseWithinGracePeriod);
        var tokens = server.Issue();

        var others = server.RefreshFromAnotherClient(tokens.RefreshToken!);
        using var answer = server.RespondTo(tokens.RefreshToken!);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains($"\"{others.RefreshToken}\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TokenServerMode.ReuseIsRejected, "https://login.example.com/revoke")]
    [InlineData(TokenServerMode.SimpleJwt, "https://login.example.com/api/token/blacklist/")]
    public async Task A_revocation_ends_the_login_and_is_no_refresh(TokenServerMode mode, string address)
    {
        var server = new FakeTokenServer(mode: mode);
        var services = new ServiceCollection();
        services.AddTokenSession("orders", options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.RevocationEndpoint = new Uri(address);
            options.ClientId = mode == TokenServerMode.SimpleJwt ? null : "shop";
            options.Protocol = mode == TokenServerMode.SimpleJwt ? TokenEndpointProtocol.SimpleJwt : TokenEndpointProtocol.OAuth;
        }).TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => server);
        await using (var app = services.BuildServiceProvider())
        {
            var session = app.GetRequiredService<TokenSessions>()["orders"];
            await session.SignInAsync(server.Issue());
            await session.SignOutAsync();
        }

        // The disposal waits for the revocation.
        server.AssertRefreshes(0);
        Assert.Equal(1, server.Calls);
        using var answer = server.RespondTo("refresh-1");
        Assert.False(answer.IsSuccessStatusCode);
    }

    [Theory]
    [InlineData(TokenServerMode.ReuseIsRejected, TokenEndpointProtocol.SimpleJwt)]
    [InlineData(TokenServerMode.SimpleJwt, TokenEndpointProtocol.OAuth)]
    public async Task A_mode_of_another_protocol_fails_and_names_the_option(TokenServerMode mode, TokenEndpointProtocol protocol)
    {
        var server = new FakeTokenServer(mode: mode);
        var services = new ServiceCollection();
        services.AddTokenSession("orders", options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.ClientId = protocol == TokenEndpointProtocol.SimpleJwt ? null : "shop";
            options.Protocol = protocol;
            options.ConfigureRefreshPipeline = _ => { };
        }).TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => server);
        await using var app = services.BuildServiceProvider();
        var session = app.GetRequiredService<TokenSessions>()["orders"];
        await session.SignInAsync(server.Issue());

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => session.RefreshAsync());

        Assert.Contains("Check TokenEndpoint and Protocol.", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_credentials_get_an_access_token_and_no_refresh_token()
    {
        var server = new FakeTokenServer();
        var services = new ServiceCollection();
        services.AddTokenSession("reports", options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.ClientId = "shop";
            options.ClientSecret = "secret";
            options.GrantType = TokenGrantType.ClientCredentials;
        }).TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => server);
        await using var app = services.BuildServiceProvider();

        Assert.Equal("access-1", await app.GetRequiredService<TokenSessions>()["reports"].GetAccessTokenAsync());
        Assert.True(server.Accepts("access-1"));
        server.AssertRefreshes(0);
        Assert.Equal(1, server.Calls);
    }

    [Fact]
    public async Task A_call_that_asks_for_nothing_known_is_refused()
    {
        using var client = new HttpClient(new FakeTokenServer());

        using var answer = await client.GetAsync(new Uri("https://login.example.com/.well-known/openid-configuration"));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task A_store_that_breaks_a_rule_is_named_with_the_rule()
    {
        var contract = new ForgetfulContract();

        var failure = await Assert.ThrowsAsync<TokenAssertionException>(() => contract.CheckAsync("A text is read as it was written"));

        Assert.StartsWith("The store breaks a rule: A text is read as it was written.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rule_that_there_is_not_is_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(() => new ForgetfulContract().CheckAsync("No such rule"));

    [Fact]
    public async Task Whoever_comes_to_a_gate_is_counted_and_held()
    {
        var gate = new Gate();
        var visitors = Enumerable.Range(0, 3).Select(_ => gate.PassAsync()).ToArray();

        await gate.ArrivedAsync(3);
        Assert.DoesNotContain(visitors, visitor => visitor.IsCompleted);
        gate.Open();

        await Task.WhenAll(visitors).WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    [Fact]
    [Trait("Case", "N16")]
    public async Task A_gate_that_waits_in_vain_says_how_many_calls_have_arrived()
    {
        var gate = new Gate();
        var visitor = gate.PassAsync();

        var failure = await Assert.ThrowsAsync<TimeoutException>(() => WaitForArrivalsAsync(gate, 2, TimeSpan.FromMilliseconds(1)));
        gate.Open();
        await visitor;

        Assert.Contains("1 of 2 calls have arrived", failure.Message, StringComparison.Ordinal);
    }

    // ArrivedAsync with a shorter fail-safe.
    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    private static extern Task WaitForArrivalsAsync(Gate gate, int count, TimeSpan failSafe);

    private static async Task<HttpStatusCode> RefreshAsync(HttpClient client)
    {
        using var form = new FormUrlEncodedContent([new("refresh_token", "refresh-1")]);
        using var response = await client.PostAsync(new Uri("https://login.example.com/token"), form, CancellationToken.None);
        return response.StatusCode;
    }

    private sealed class ForgetfulContract : TokenStoreContract
    {
        protected override ITokenStore Open() => new DictionaryTokenStore();

        protected override Task AdvanceTimeAsync(TimeSpan time) => Task.CompletedTask;
    }
}
