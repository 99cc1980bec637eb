using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A wrong option fails when the app starts. The message names option, value and client.</summary>
[Trait("Case", "C45")]
public sealed class OptionsValidationTests
{
    public static TheoryData<string, Action<TokenRefreshOptions>, string[]> Wrong => new()
    {
        { "http endpoint", o => o.TokenEndpoint = new Uri("http://login.example.com/token"), ["TokenEndpoint", "http://login.example.com/token", "https"] },
        { "no endpoint", o => o.TokenEndpoint = null, ["TokenEndpoint"] },
        { "relative endpoint", o => o.TokenEndpoint = new Uri("/token", UriKind.Relative), ["TokenEndpoint", "absolute"] },
        { "ftp endpoint", o => o.TokenEndpoint = new Uri("ftp://login.example.com/token"), ["TokenEndpoint", "ftp://login.example.com"] },
        { "fragment", o => o.TokenEndpoint = new Uri("https://login.example.com/token#top"), ["TokenEndpoint", "fragment"] },
        { "user in the URL", o => o.TokenEndpoint = new Uri("https://me:canary@login.example.com/token"), ["TokenEndpoint", "user"] },
        { "missing client id", o => o.ClientId = null, ["ClientId"] },
        { "empty client id", o => o.ClientId = "", ["ClientId"] },
        { "basic without a secret", o => o.ClientAuthentication = ClientAuthentication.Basic, ["ClientAuthentication", "Basic", "ClientSecret"] },
        { "unknown authentication", o => o.ClientAuthentication = (ClientAuthentication)42, ["ClientAuthentication", "42"] },
        { "unknown protocol", o => o.Protocol = (TokenEndpointProtocol)42, ["Protocol", "42"] },
        { "unknown result", o => o.ReLoginResult = (ReLoginResult)42, ["ReLoginResult", "42"] },
        { "parameter of the protocol", o => o.ExtraParameters["refresh_token"] = "canary", ["ExtraParameters", "refresh_token"] },
        { "scheme of two words", o => o.Scheme = "Bearer x", ["Scheme"] },
        { "unknown grant", o => o.GrantType = (TokenGrantType)42, ["GrantType", "42"] },
        { "http revocation", o => o.RevocationEndpoint = new Uri("http://login.example.com/revoke"), ["RevocationEndpoint", "https"] },
        { "no time to log in", o => o.InteractiveSignInTimeout = TimeSpan.Zero, ["InteractiveSignInTimeout", "00:00:00"] },
        { "a year to log in", o => o.InteractiveSignInTimeout = TimeSpan.FromDays(365), ["InteractiveSignInTimeout", "365.00:00:00"] },
        { "no origin at all", o => o.AllowedOrigins.Add(null!), ["AllowedOrigins"] },
        { "http origin", o => o.AllowedOrigins.Add(new Uri("http://api.example.com")), ["AllowedOrigins", "http://api.example.com", "https"] },
        { "relative origin", o => o.AllowedOrigins.Add(new Uri("api", UriKind.Relative)), ["AllowedOrigins", "absolute"] },
        { "origin without a host", o => o.AllowedOrigins.Add(new Uri("https+http:api")), ["AllowedOrigins", "https+http:", "scheme and host"] },
        { "endpoint without a host", o => o.TokenEndpoint = new Uri("https+http:///token"), ["TokenEndpoint", "https+http:", "whole URL"] },
        { "document as issuer", o => (o.TokenEndpoint, o.Issuer) = (null, new Uri("https://login.example.com/.well-known/openid-configuration")), ["Issuer", "/.well-known/", "MetadataAddress"] },
        { "no time at all", o => o.RefreshTimeout = TimeSpan.Zero, ["RefreshTimeout", "00:00:00", "00:10:00"] },
        { "an hour's time", o => o.RefreshTimeout = TimeSpan.FromHours(1), ["RefreshTimeout", "01:00:00", "00:10:00"] },
        { "no idle time", o => o.UserIdleTimeout = TimeSpan.Zero, ["UserIdleTimeout", "00:00:00", "24.00:00:00"] },
        { "a month's idle time", o => o.UserIdleTimeout = TimeSpan.FromDays(30), ["UserIdleTimeout", "30.00:00:00", "24.00:00:00"] },
        { "negative interval", o => o.MinRefreshInterval = TimeSpan.FromSeconds(-1), ["MinRefreshInterval", "-00:00:01"] },
        { "negative window", o => o.RefreshWindow = TimeSpan.FromSeconds(-1), ["RefreshWindow", "-00:00:01"] },
        { "negative buffer", o => o.ExpiryBuffer = TimeSpan.FromSeconds(-1), ["ExpiryBuffer", "-00:00:01"] },
        { "buffer above window", o => (o.ExpiryBuffer, o.RefreshWindow) = (TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(2)), ["ExpiryBuffer", "00:03:00", "RefreshWindow", "00:02:00"] },
        { "negative size", o => o.MaxReplayBufferSize = -1, ["MaxReplayBufferSize", "-1"] },
        { "size of the moon", o => o.MaxReplayBufferSize = long.MaxValue, ["MaxReplayBufferSize", "9223372036854775807"] },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public async Task A_wrong_option_fails_at_start_up(string name, Action<TokenRefreshOptions> mistake, string[] named)
    {
        Assert.NotEmpty(name);
        using var host = HostWith(mistake);

        var exception = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains("'orders'", exception.Message, StringComparison.Ordinal);
        Assert.All(named, part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void It_fails_without_dependency_injection_too(string name, Action<TokenRefreshOptions> mistake, string[] named)
    {
        Assert.NotEmpty(name);
        var options = Good();
        mistake(options);

        var exception = Assert.Throws<ArgumentException>(() => TokenSession.Create(options));

        Assert.All(named, part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task All_mistakes_are_named_at_once()
    {
        using var host = HostWith(options => (options.ClientId, options.TokenEndpoint) = (null, null));

        var exception = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains("ClientId", exception.Message, StringComparison.Ordinal);
        Assert.Contains("TokenEndpoint", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_right_starts()
    {
        using var host = HostWith(options =>
        {
            options.TokenEndpoint = new Uri("http://127.0.0.1:8000/token");
            options.MinRefreshInterval = TimeSpan.Zero;
            options.RefreshWindow = TimeSpan.Zero;
            options.ExpiryBuffer = TimeSpan.FromSeconds(30);
        });

        await host.StartAsync(TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static TokenRefreshOptions Good() => new() { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop" };

    private static IHost HostWith(Action<TokenRefreshOptions> mistake)
    {
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddHttpClient("orders").AddTokenRefreshHandler(options =>
        {
            var good = Good();
            (options.TokenEndpoint, options.ClientId) = (good.TokenEndpoint, good.ClientId);
            mistake(options);
        });
        return builder.Build();
    }
}
