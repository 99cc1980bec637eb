using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>All user sessions of the app, and which schemes they belong to.</summary>
internal sealed class UserSessionRegistry(IServiceProvider provider, UserSessionNames names)
{
    private readonly Lazy<UserSession[]> _sessions = new(() => [.. names.Names.Select(name => Create(provider, name))]);

    public IReadOnlyList<UserSession> All => _sessions.Value;

    /// <summary>Finds a user session. For another session it reads no scheme, because the scheme may be under construction.</summary>
    public UserSession? Find(string? name) =>
        name is not null && names.Names.Contains(name) ? All.First(session => session.Name == name) : null;

    /// <exception cref="ArgumentException">No user session has this name.</exception>
    public UserSession Get(string name) => Find(name) ?? throw new ArgumentException(
        $"No user token session '{name}' is registered. Known: {string.Join(", ", names.Names.Select(known => $"'{known}'"))}. "
        + $"Write builder.Services.AddUserTokenSession(\"{name}\").",
        nameof(name));

    public UserSession? FindByOpenIdConnectScheme(string? scheme) =>
        scheme is null ? null : All.FirstOrDefault(session => session.OpenIdConnectScheme == scheme);

    public IEnumerable<UserSession> OfCookieScheme(string? scheme) => All.Where(session => session.CookieScheme == scheme);

    /// <summary>Finds the logins of a cookie's principal.</summary>
    public IReadOnlyList<(UserSession Session, LoginKey Login)> FindLogins(string cookieScheme, ClaimsPrincipal? principal)
    {
        List<(UserSession, LoginKey)>? logins = null;
        foreach (var session in All)
        {
            if (session.CookieScheme == cookieScheme && SessionClaims.Find(principal, session) is { } login)
            {
                (logins ??= new(1)).Add((session, login));
            }
        }

        return logins ?? (IReadOnlyList<(UserSession, LoginKey)>)[];
    }

    public bool IsOpenIdConnect(string scheme) => FindOpenIdConnectSchemes(provider).Contains(scheme, StringComparer.Ordinal);

    /// <summary>The names of the app's OpenID Connect schemes.</summary>
    public static string[] FindOpenIdConnectSchemes(IServiceProvider provider) =>
    [
        .. provider.GetRequiredService<IOptions<AuthenticationOptions>>().Value.Schemes
            .Where(scheme => typeof(OpenIdConnectHandler).IsAssignableFrom(scheme.HandlerType))
            .Select(scheme => scheme.Name),
    ];

    /// <summary>
    /// The options that the app itself set. Options that come from the scheme are left out, because the scheme may be under construction.
    /// </summary>
    public static TokenRefreshOptions ReadOwnOptions(IServiceProvider provider, string name) =>
        new OptionsFactory<TokenRefreshOptions>(provider.GetServices<IConfigureOptions<TokenRefreshOptions>>(), []).Create(name);

    private static UserSession Create(IServiceProvider provider, string name)
    {
        var options = provider.GetRequiredService<IOptionsMonitor<UserTokenOptions>>().Get(name);
        return new UserSession(provider, name, options, options.OpenIdConnectScheme ?? FindOnlyScheme(provider, name));
    }

    private static string? FindOnlyScheme(IServiceProvider provider, string name) =>
        ReadOwnOptions(provider, name).TokenEndpoint is null && FindOpenIdConnectSchemes(provider) is [var only] ? only : null;
}
