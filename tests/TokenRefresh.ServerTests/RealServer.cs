using System.Net;
using TokenRefresh.Samples.Servers;
using TokenRefresh.TestKit;

namespace TokenRefresh.ServerTests;

/// <summary>What the cases need of a real server, whichever it is.</summary>
public abstract class RealServer : IAsyncDisposable
{
    /// <summary>Every server that the cases run against.</summary>
    public static TheoryData<string> All => new("openiddict", "simple jwt", "simple jwt, strict", "simple jwt, family");

    public abstract Uri Api { get; }

    public abstract void Configure(TokenRefreshOptions options);

    public abstract Task<TokenSet> SignInAsync();

    /// <summary>Signs in with an access token that the API rejects.</summary>
    public virtual async Task<TokenSet> SignInExpiredAsync()
    {
        var tokens = await SignInAsync();
        using var plain = new HttpClient();
        while (!await IsRejectedAsync(plain, tokens.AccessToken!))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        return tokens;
    }

    public abstract Task RevokeAsync();

    public abstract Task<Counts> CountAsync();

    public abstract Task ResetAsync();

    public abstract ValueTask DisposeAsync();

    /// <summary>Whether the server can run on this machine.</summary>
    public static bool IsThere(string name) => name == "openiddict" || SimpleJwtServer.MissingReason is null;

    /// <summary>Starts a server whose access tokens live for two seconds.</summary>
    public static Task<RealServer> StartAsync(string name) => StartAsync(name, TimeSpan.FromSeconds(2));

    public static async Task<RealServer> StartAsync(string name, TimeSpan accessTokenLifetime)
    {
        if (name == "openiddict")
        {
            return new OpenIddict(await OAuthServer.StartAsync(new OAuthServerOptions { AccessTokenLifetime = accessTokenLifetime }));
        }

        Machine.MustHave(SimpleJwtServer.MissingReason);
        return new SimpleJwt(await SimpleJwtServer.StartAsync(new SimpleJwtServerOptions
        {
            AccessTokenLifetime = accessTokenLifetime,
            IsStrict = name.EndsWith("strict", StringComparison.Ordinal),
            RevokesFamily = name.EndsWith("family", StringComparison.Ordinal),
            RefreshDelay = TimeSpan.FromMilliseconds(100),
        }));
    }

    private async Task<bool> IsRejectedAsync(HttpClient plain, string accessToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Api, "api/me"));
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + accessToken);
        using var response = await plain.SendAsync(request);
        return response.StatusCode == HttpStatusCode.Unauthorized;
    }

    /// <summary>What the server received.</summary>
    public sealed record Counts(int Refreshes, int RefreshesGranted, int RefreshPeak, int PresentedTwice, int Api200, int Api401)
    {
        /// <summary>The shortest time between a refresh and the next one; <see cref="TimeSpan.MaxValue"/>: there weren't two.</summary>
        public TimeSpan ShortestGap { get; init; } = TimeSpan.MaxValue;
    }

    private sealed class OpenIddict(OAuthServer server) : RealServer
    {
        public override Uri Api => server.Api;

        public override void Configure(TokenRefreshOptions options)
        {
            options.TokenEndpoint = server.TokenEndpoint;
            options.ClientId = OAuthServer.ClientId;
            options.ClientSecret = OAuthServer.ClientSecret;
        }

        public override async Task<TokenSet> SignInAsync()
        {
            var tokens = await server.SignInAsync();
            return new TokenSet(tokens.AccessToken, tokens.RefreshToken);
        }

        public override Task RevokeAsync() => server.RevokeAsync();

        public override Task<Counts> CountAsync()
        {
            var counters = server.Counters;
            return Task.FromResult(new Counts(
                counters.Refreshes, counters.RefreshesGranted, counters.RefreshPeak, counters.PresentedTwice, counters.Api200, counters.Api401)
            {
                ShortestGap = counters.ShortestGap,
            });
        }

        public override Task ResetAsync()
        {
            server.Counters.Reset();
            return Task.CompletedTask;
        }

        public override ValueTask DisposeAsync() => server.DisposeAsync();
    }

    private sealed class SimpleJwt(SimpleJwtServer server) : RealServer
    {
        public override Uri Api => server.Address;

        public override void Configure(TokenRefreshOptions options)
        {
            options.TokenEndpoint = server.TokenEndpoint;
            options.Protocol = TokenEndpointProtocol.SimpleJwt;
        }

        public override async Task<TokenSet> SignInAsync()
        {
            var tokens = await server.SignInAsync();
            return new TokenSet(tokens.Access, tokens.Refresh);
        }

        public override async Task<TokenSet> SignInExpiredAsync()
        {
            var tokens = await server.SignInExpiredAsync();
            return new TokenSet(tokens.Access, tokens.Refresh);
        }

        public override Task RevokeAsync() => server.RevokeAsync();

        public override async Task<Counts> CountAsync()
        {
            var stats = await server.GetStatsAsync();
            return new Counts(stats.Refreshes, stats.RefreshesGranted, stats.RefreshPeak, stats.PresentedTwice, stats.Api200, stats.Api401)
            {
                ShortestGap = stats.ShortestGap is { } seconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue,
            };
        }

        public override Task ResetAsync() => server.ResetStatsAsync();

        public override ValueTask DisposeAsync() => server.DisposeAsync();
    }
}
