using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A sign-out revokes the tokens that are valid, in memory, in the store, or arriving late.</summary>
[Trait("Case", "C36")]
public sealed class SignOutRevocationTests
{
    [Fact]
    public async Task A_sign_out_that_is_called_again_revokes_what_the_first_couldnt()
    {
        var store = new FailingStore();
        using var revoked = new Revocations();
        await using var app = WithRevocation(store, revoked);
        await app.SignInAsync();
        store.IsAway = true;
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.SignOutAsync());
        Assert.Empty(revoked.Tokens);

        store.IsAway = false;
        await app.Session.SignOutAsync();
        await Eventually.UntilAsync(() => !revoked.Tokens.IsEmpty);

        Assert.Contains("refresh-1", Assert.Single(revoked.Tokens), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sign_out_revokes_the_pair_that_is_saved_not_the_one_that_another_process_has_replaced()
    {
        var store = new MemoryTokenStore();
        using var revoked = new Revocations();
        await using var app = WithRevocation(store, revoked);
        await app.SignInAsync();
        await store.RotateElsewhereAsync(new TokenSet("access-rotated", "refresh-rotated"));

        await app.Session.SignOutAsync();
        await Eventually.UntilAsync(() => !revoked.Tokens.IsEmpty);

        Assert.Contains("refresh-rotated", string.Join(' ', revoked.Tokens), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pair_that_came_after_the_sign_out_and_couldnt_be_saved_is_revoked()
    {
        var store = new FailingStore();
        using var revoked = new Revocations();
        await using var app = WithRevocation(store, revoked);
        revoked.Inner = app.Tokens;
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var gate = app.Tokens.Hold();
        var request = app.GetAsync();
        await gate.ArrivedAsync(1);
        await app.Session.SignOutAsync();
        store.SavesFail = true;
        app.Tokens.Release();
        using var response = await request;
        await app.Services.DisposeAsync();

        Assert.Contains("refresh-2", string.Join(' ', revoked.Tokens), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sign_out_that_doesnt_reach_the_store_revokes_the_pair_that_couldnt_be_saved()
    {
        var store = new FailingStore();
        using var revoked = new Revocations();
        await using var app = WithRevocation(store, revoked);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        store.SavesFail = true;
        using var response = await app.GetAsync();
        store.IsAway = true;

        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.SignOutAsync());

        await Eventually.UntilAsync(() => !revoked.Tokens.IsEmpty);
        Assert.Contains("refresh-2", Assert.Single(revoked.Tokens), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sign_out_revokes_the_pair_that_couldnt_be_saved_not_the_one_in_the_store()
    {
        var store = new FailingStore();
        using var revoked = new Revocations();
        await using var app = WithRevocation(store, revoked);
        await app.SignInAsync();
        store.SavesFail = true;
        await app.Session.RefreshAsync();

        await app.Session.SignOutAsync();
        await app.Services.DisposeAsync();

        Assert.Contains("refresh-2", Assert.Single(revoked.Tokens), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tokens_of_a_user_who_was_asked_before_a_sign_out_are_revoked_and_those_before_a_sign_in_are_not(bool isSignOut)
    {
        var asked = new Gate();
        var answer = new TaskCompletionSource<TokenSet?>();
        using var revoked = new Revocations();
        await using var app = WithRevocation(new MemoryTokenStore(), revoked, options => options.SignInInteractively = (_, _) =>
        {
            _ = asked.PassAsync();
            return answer.Task;
        });
        await app.SignInAsync();
        app.Tokens.RevokeRefreshTokens();
        app.Tokens.ExpireAccessTokens();
        var request = app.GetAsync();
        await asked.ArrivedAsync(1);
        await (isSignOut ? app.Session.SignOutAsync() : app.Session.SignInAsync(new TokenSet("access-8", "refresh-8")));
        using var response = await request;

        answer.SetResult(new TokenSet("access-9", "refresh-9"));
        if (isSignOut)
        {
            await revoked.Calls.ArrivedAsync(1);
        }

        await app.Services.DisposeAsync();

        Assert.Equal(isSignOut ? 1 : 0, revoked.Tokens.Count(text => text.Contains("refresh-9", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tokens_that_arrive_after_the_deadline_and_a_sign_out_are_revoked_and_those_after_a_sign_in_are_not(bool isSignOut)
    {
        var endpoint = new DeafEndpoint();
        using var revoked = new Revocations();
        await using var app = WithRevocation(
            new MemoryTokenStore(), revoked, services: services => services.AddTokenSession(TestApp.Name).UseEndpoint(_ => endpoint));
        await app.SignInAsync();
        var refresh = app.Session.RefreshAsync();
        await endpoint.Calls.ArrivedAsync(1);
        app.Time.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<TokenRefreshException>(() => refresh);
        await (isSignOut ? app.Session.SignOutAsync() : app.Session.SignInAsync(new TokenSet("access-8", "refresh-8")));

        await endpoint.AnswerAsync();
        if (isSignOut)
        {
            // The token that the session had, and the one that came late.
            await revoked.Calls.ArrivedAsync(2);
        }

        await app.Services.DisposeAsync();

        Assert.Equal(isSignOut ? 1 : 0, revoked.Tokens.Count(text => text.Contains("next-1", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_log_says_that_tokens_were_revoked()
    {
        using var log = new CapturingLoggerProvider();
        using var revoked = new Revocations();
        await using var app = WithRevocation(new MemoryTokenStore(), revoked, services: log.Add);
        await app.SignInAsync();

        await app.Session.SignOutAsync();
        await app.Services.DisposeAsync();

        Assert.Single(log.Messages, message => message.EventName == "Revoked");
        Assert.DoesNotContain(log.Messages, message => message.EventName == "RevocationFailed");
    }

    private static TestApp WithRevocation(
        ITokenStore store, Revocations revoked, Action<TokenRefreshOptions>? configure = null, Action<IServiceCollection>? services = null)
    {
        TestApp? app = null;
        app = TestApp.Over(
            store,
            options =>
            {
                options.RevocationEndpoint = new Uri("https://login.example.com/revoke");
                configure?.Invoke(options);
            },
            collection =>
            {
                collection.AddTokenSession(TestApp.Name).TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => revoked);
                services?.Invoke(collection);
            });
        revoked.Inner = app.Tokens;
        return app;
    }

    private sealed class Revocations : HttpMessageHandler
    {
        public ConcurrentQueue<string> Tokens { get; } = new();

        public Gate Calls { get; } = new();

        public FakeTokenServer? Inner { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath != "/revoke")
            {
                return await new HttpMessageInvoker(Inner!, disposeHandler: false).SendAsync(request, cancellationToken);
            }

            Tokens.Enqueue(await request.Content!.ReadAsStringAsync(cancellationToken));
            _ = Calls.PassAsync(CancellationToken.None);
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}
