using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>
/// Makes the app fail at its start if a user session and its schemes don't match, with a message that says what to write.
/// </summary>
internal sealed class UserSessionValidator(IServiceProvider provider, UserSessionRegistry registry, UserSessionNames names)
    : IValidateOptions<TokenRefreshOptions>
{
    public ValidateOptionsResult Validate(string? name, TokenRefreshOptions options)
    {
        if (name is null || !names.Names.Contains(name))
        {
            return ValidateOptionsResult.Skip;
        }

        var session = registry.Get(name);
        var failures = FindFailures(session, options).Select(failure => $"TokenRefresh user session '{name}': {failure}").ToArray();
        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private IEnumerable<string> FindFailures(UserSession session, TokenRefreshOptions options)
    {
        if (UserSessionRegistry.ReadOwnOptions(provider, session.Name).UserKey is not null)
        {
            yield return "UserKey is set, but the cookie says who the user is. "
                + "Remove UserKey, or use AddTokenSession instead of AddUserTokenSession.";
        }

        if (options.GrantType == TokenGrantType.ClientCredentials)
        {
            yield return "GrantType is ClientCredentials, which has no users. Use AddTokenSession instead of AddUserTokenSession.";
        }

        foreach (var failure in FindProviderFailures(session, options).Concat(FindCookieFailures(session)))
        {
            yield return failure;
        }
    }

    private IEnumerable<string> FindProviderFailures(UserSession session, TokenRefreshOptions options)
    {
        var schemes = UserSessionRegistry.FindOpenIdConnectSchemes(provider);
        if (session.OpenIdConnectScheme is not { } scheme)
        {
            if (options is { TokenEndpoint: null, Issuer: null })
            {
                yield return schemes.Length == 0
                    ? "no OpenID Connect scheme is registered. "
                        + "Write builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)"
                        + ".AddCookie().AddOpenIdConnect(o => { o.Authority = …; o.ClientId = …; o.ResponseType = \"code\"; }), "
                        + $"or, if the app signs users in itself, AddUserTokenSession(\"{session.Name}\", o => o.TokenEndpoint = …)."
                    : $"the app has the OpenID Connect schemes {Quote(schemes)}. Write which one it is: "
                        + $"AddUserTokenSession(\"{session.Name}\", configureUsers: o => o.OpenIdConnectScheme = \"{schemes[0]}\").";
            }

            yield break;
        }

        if (!schemes.Contains(scheme, StringComparer.Ordinal))
        {
            yield return $"OpenIdConnectScheme is '{scheme}', and no OpenID Connect scheme of that name is registered. "
                + (schemes.Length == 0
                    ? $"Write AddAuthentication(…).AddOpenIdConnect(\"{scheme}\", o => …)."
                    : $"Registered: {Quote(schemes)}.");
            yield break;
        }

        foreach (var failure in FindFailuresOf(scheme, session))
        {
            yield return failure;
        }
    }

    private IEnumerable<string> FindFailuresOf(string scheme, UserSession session)
    {
        if (registry.All.FirstOrDefault(other => other != session && other.OpenIdConnectScheme == scheme) is { } other)
        {
            yield return $"the OpenID Connect scheme '{scheme}' belongs to session '{other.Name}' too. A login has one session: "
                + "use that name for all clients, AddHttpClient(…).AddTokenRefreshHandler(name), or add a second OpenID Connect scheme.";
        }

        var provided = session.GetOpenIdConnectOptions();
        if (provided.ResponseType != OpenIdConnectResponseType.Code)
        {
            yield return $"the OpenID Connect scheme '{scheme}' has the ResponseType '{provided.ResponseType}', "
                + "which brings no refresh token. Write o.ResponseType = \"code\".";
        }

        if (EventTypes.FindFailure(scheme, provided) is { } failure)
        {
            yield return failure;
        }
    }

    private IEnumerable<string> FindCookieFailures(UserSession session)
    {
        var schemes = provider.GetRequiredService<IOptions<AuthenticationOptions>>().Value.Schemes
            .Where(known => typeof(CookieAuthenticationHandler).IsAssignableFrom(known.HandlerType))
            .Select(known => known.Name)
            .ToArray();
        if (session.CookieScheme is not { } scheme || !schemes.Contains(scheme, StringComparer.Ordinal))
        {
            var found = session.CookieScheme is null
                ? "no scheme signs users in"
                : $"users are signed in to '{session.CookieScheme}', which is no cookie scheme";
            yield return schemes.Length == 0
                ? $"{found}. Write builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie()."
                : $"{found}. Write AddUserTokenSession(\"{session.Name}\", configureUsers: o => o.CookieScheme = \"{schemes[0]}\").";
            yield break;
        }

        if ((FindDefaultsFailure(session, scheme, schemes) ?? FindSignInFailure(session, scheme, schemes)) is { } wrong)
        {
            yield return wrong;
        }

        if (session.OpenIdConnectScheme is null
            && registry.OfCookieScheme(scheme).FirstOrDefault(o => o != session && o.OpenIdConnectScheme is null) is { } other)
        {
            yield return $"the cookie scheme '{scheme}' belongs to session '{other.Name}' too, and neither has an OpenID Connect scheme. "
                + "Give each session a cookie scheme: configureUsers: o => o.CookieScheme = ….";
        }

        var cookie = provider.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(scheme);
        if (EventTypes.FindFailure(scheme, cookie) is { } failure)
        {
            yield return failure;
        }
    }

    // ASP.NET Core Identity sets its defaults up so: the cookie of a login by another provider isn't the one of the user.
    private string? FindDefaultsFailure(UserSession session, string scheme, string[] schemes)
    {
        var defaults = provider.GetRequiredService<IOptions<AuthenticationOptions>>().Value;
        var ofRequests = defaults.DefaultAuthenticateScheme ?? defaults.DefaultScheme;
        var isDerived = session.Options.CookieScheme is null && scheme == defaults.DefaultSignInScheme;
        return isDerived && ofRequests != scheme && schemes.Contains(ofRequests, StringComparer.Ordinal)
            ? $"users are signed in to '{scheme}', but requests are authenticated by '{ofRequests}'. "
                + $"Write AddUserTokenSession(\"{session.Name}\", configureUsers: o => o.CookieScheme = \"{ofRequests}\")."
            : null;
    }

    // A policy scheme may forward to the cookie scheme, so only another cookie scheme is certainly wrong.
    private string? FindSignInFailure(UserSession session, string scheme, string[] schemes) =>
        session.OpenIdConnectScheme is { } provided
        && registry.IsOpenIdConnect(provided)
        && session.GetOpenIdConnectOptions().SignInScheme is { } signIn
        && signIn != scheme
        && schemes.Contains(signIn, StringComparer.Ordinal)
            ? $"CookieScheme is '{scheme}', but the OpenID Connect scheme '{provided}' signs users in to '{signIn}'. "
                + $"Write o.SignInScheme = \"{scheme}\" in AddOpenIdConnect, or remove CookieScheme."
            : null;

    private static string Quote(string[] names) => string.Join(", ", names.Select(name => $"'{name}'"));
}
