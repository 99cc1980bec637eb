using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>One session name of a web app, with the two authentication schemes that it belongs to.</summary>
internal sealed class UserSession
{
    private readonly IServiceProvider _provider;
    private readonly IOptionsMonitor<OpenIdConnectOptions> _openIdConnectOptions;
    private readonly Lazy<string?> _cookieScheme;

    public UserSession(IServiceProvider provider, string name, UserTokenOptions options, string? openIdConnectScheme)
    {
        _provider = provider;

        // The last token calls need the options while the container is being disposed, and the container returns nothing then.
        _openIdConnectOptions = provider.GetRequiredService<IOptionsMonitor<OpenIdConnectOptions>>();
        Name = name;
        Options = options;
        OpenIdConnectScheme = openIdConnectScheme;
        ClaimType = SessionClaims.TypeOf(name);
        _cookieScheme = new Lazy<string?>(FindCookieScheme);
    }

    public string Name { get; }

    public UserTokenOptions Options { get; }

    /// <summary>The scheme that signs users in; <see langword="null"/> if the app does it with SignInWithTokensAsync.</summary>
    public string? OpenIdConnectScheme { get; }

    /// <summary>The scheme of the cookie; <see langword="null"/> if none is set.</summary>
    public string? CookieScheme => _cookieScheme.Value;

    /// <summary>The type of the claim that holds the session's key.</summary>
    public string ClaimType { get; }

    /// <summary>The options of the OpenID Connect scheme.</summary>
    public OpenIdConnectOptions GetOpenIdConnectOptions() => _openIdConnectOptions.Get(OpenIdConnectScheme);

    /// <summary>Calls back when the options of the OpenID Connect scheme change.</summary>
    public IDisposable? OnSchemeChange(Action changed) => _openIdConnectOptions.OnChange((_, scheme) =>
    {
        if (scheme is not null && scheme == OpenIdConnectScheme)
        {
            changed();
        }
    });

    private string? FindCookieScheme()
    {
        if (Options.CookieScheme is { } named)
        {
            return named;
        }

        var authentication = _provider.GetRequiredService<IOptions<AuthenticationOptions>>().Value;
        return (OpenIdConnectScheme is null ? null : GetOpenIdConnectOptions().SignInScheme)
            ?? authentication.DefaultSignInScheme
            ?? authentication.DefaultScheme;
    }
}
