using System;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Tests.Storage;
using Xunit;

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
    [InlineData(TokenServerMode.Strict, HttpStatusCode.BadRequest)]
    [InlineData(TokenServerMode.Family, HttpStatusCode.BadRequest)]
    [InlineData(TokenServerMode.Grace, HttpStatusCode.OK)]
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
        using var server = new FakeTokenServer(mode: TokenServerMode.Grace);
        var tokens = server.Issue();

        var others = server.RotateElsewhere(tokens.RefreshToken!);
        using var answer = server.Redeem(tokens.RefreshToken!);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains($"\"{others.RefreshToken}\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
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
