using System;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;
using Xunit;

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

    private static TestApp WithRevocation(ITokenStore store, Revocations revoked)
    {
        TestApp? app = null;
        app = TestApp.Over(
            store,
            options => options.RevocationEndpoint = new Uri("https://login.example.com/revoke"),
            services => services.AddTokenSession(TestApp.Name).TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => revoked));
        revoked.Inner = app.Tokens;
        return app;
    }

    private sealed class Revocations : HttpMessageHandler
    {
        public ConcurrentQueue<string> Tokens { get; } = new();

        public FakeTokenServer? Inner { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath != "/revoke")
            {
                return await new HttpMessageInvoker(Inner!, disposeHandler: false).SendAsync(request, cancellationToken);
            }

            Tokens.Enqueue(await request.Content!.ReadAsStringAsync(cancellationToken));
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}
