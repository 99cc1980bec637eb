using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using TokenRefresh.Samples.Servers;
using Xunit;

namespace TokenRefresh.ProcessTests;

/// <summary>A real token server with its API, as other processes are told of it.</summary>
internal abstract class Upstream : IAsyncDisposable
{
    public abstract IReadOnlyList<string> Arguments { get; }

    public abstract Task<TokenSet> SignInAsync();

    public abstract Task<(int Refreshes, int Granted, int PresentedTwice)> CountAsync();

    public abstract ValueTask DisposeAsync();

    public static async Task<Upstream> StartAsync(string name)
    {
        if (name == "openiddict")
        {
            return new OpenIddict(await OAuthServer.StartAsync());
        }

        if (SimpleJwtServer.MissingReason is { } reason)
        {
            Assert.SkipWhen(Environment.GetEnvironmentVariable("TOKENREFRESH_REQUIRE_SERVERS") != "1", reason);
            Assert.Fail(reason);
        }

        return new SimpleJwt(await SimpleJwtServer.StartAsync(new SimpleJwtServerOptions
        {
            IsStrict = name.EndsWith("strict", StringComparison.Ordinal),
            RevokesFamily = name.EndsWith("family", StringComparison.Ordinal),
            RefreshDelay = TimeSpan.FromMilliseconds(100),
        }));
    }

    private sealed class OpenIddict(OAuthServer server) : Upstream
    {
        public override IReadOnlyList<string> Arguments =>
            [$"endpoint={server.TokenEndpoint}", $"api={server.Api}", $"client={OAuthServer.ClientId}", $"secret={OAuthServer.ClientSecret}"];

        public override async Task<TokenSet> SignInAsync()
        {
            var tokens = await server.SignInAsync();
            return new TokenSet(tokens.AccessToken, tokens.RefreshToken);
        }

        public override Task<(int Refreshes, int Granted, int PresentedTwice)> CountAsync() =>
            Task.FromResult((server.Counters.Refreshes, server.Counters.RefreshesGranted, server.Counters.PresentedTwice));

        public override ValueTask DisposeAsync() => server.DisposeAsync();
    }

    private sealed class SimpleJwt(SimpleJwtServer server) : Upstream
    {
        public override IReadOnlyList<string> Arguments => [$"endpoint={server.TokenEndpoint}", $"api={server.Address}", "protocol=SimpleJwt"];

        public override async Task<TokenSet> SignInAsync()
        {
            var tokens = await server.SignInAsync();
            return new TokenSet(tokens.Access, tokens.Refresh);
        }

        public override async Task<(int Refreshes, int Granted, int PresentedTwice)> CountAsync()
        {
            var stats = await server.GetStatsAsync();
            return (stats.Refreshes, stats.RefreshesGranted, stats.PresentedTwice);
        }

        public override ValueTask DisposeAsync() => server.DisposeAsync();
    }
}
