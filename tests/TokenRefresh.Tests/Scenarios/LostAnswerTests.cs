using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The store makes the write of a sign-in or a sign-out, and its answer is lost.</summary>
[Trait("Case", "S7")]
public sealed class LostAnswerTests
{
    private readonly LossyStore _store = new();
    private readonly ConcurrentQueue<string> _revoked = new();

    [Fact]
    public async Task A_sign_in_that_was_saved_succeeds()
    {
        await using var app = TestApp.Over(_store);
        await app.SignInAsync();
        _store.Loses = StoreWriteKind.SignIn;

        var tokens = await app.SignInAsync();

        Assert.Equal(tokens.AccessToken, await app.Session.GetAccessTokenAsync());
        Assert.Equal(tokens.RefreshToken, await _store.RefreshTokenAsync());
    }

    [Fact]
    public async Task A_sign_out_that_was_saved_succeeds_and_revokes_what_it_replaced()
    {
        await using var app = TestApp.Over(
            _store,
            options => options.RevocationEndpoint = new Uri("https://login.example.com/revoke"),
            services => services.AddTokenSession(TestApp.Name).TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(
                () => new RevocationEndpoint(_revoked)));
        await app.SignInAsync();

        // Another process has refreshed: its tokens are the ones to revoke.
        await _store.RotateElsewhereAsync(new TokenSet("access-9", "refresh-9"));
        _store.Loses = StoreWriteKind.SignOut;
        await app.Session.SignOutAsync();

        await app.Services.DisposeAsync();
        Assert.Contains("refresh-9", Assert.Single(_revoked), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(StoreWriteKind.SignIn)]
    [InlineData(StoreWriteKind.SignOut)]
    public async Task A_write_that_was_not_made_fails(StoreWriteKind kind)
    {
        await using var app = TestApp.Over(_store);
        await app.SignInAsync();
        (_store.Loses, _store.IsWritten) = (kind, false);

        var change = kind == StoreWriteKind.SignIn ? app.SignInAsync() : app.Session.SignOutAsync();

        Assert.True((await Assert.ThrowsAsync<TokenRefreshException>(() => change)).IsTransient);
        Assert.Equal("refresh-1", await _store.RefreshTokenAsync());
    }

    private sealed class LossyStore : StoreAround
    {
        public StoreWriteKind? Loses { get; set; }

        public bool IsWritten { get; set; } = true;

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            var isLost = write.Kind == Loses;
            var stored = isLost && !IsWritten ? null : await base.WriteAsync(write, cancellationToken);
            return isLost && (stored is null || stored.Value.Text == write.Text) ? throw new IOException("The answer is lost.") : stored;
        }
    }

    private sealed class RevocationEndpoint(ConcurrentQueue<string> revoked) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            revoked.Enqueue(await request.Content!.ReadAsStringAsync(cancellationToken));
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}
