using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.AspNetCore.Sessions;
using TokenRefresh.AspNetCore.SignIn;

namespace TokenRefresh;

/// <summary>Gets the token session of a request's user, and signs users in with tokens.</summary>
public static class TokenSessionHttpContextExtensions
{
    /// <summary>
    /// Gets the session of the request's user. In minimal APIs the parameter <c>[FromKeyedServices(name)] TokenSession</c> is the same.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="name">The session's name.</param>
    /// <returns>The session.</returns>
    /// <exception cref="ArgumentException">No user session of this name is registered.</exception>
    /// <exception cref="InvalidOperationException">No user is signed in, or the user's cookie was issued without a session.</exception>
    public static TokenSession GetTokenSession(this HttpContext context, string name) =>
        context.FindTokenSession(name) ?? throw NoUser(name);

    /// <summary>Gets the session of the request's user, if a user is signed in.</summary>
    /// <param name="context">The request.</param>
    /// <param name="name">The session's name.</param>
    /// <returns>The session, or <see langword="null"/>.</returns>
    /// <exception cref="ArgumentException">No user session of this name is registered.</exception>
    public static TokenSession? FindTokenSession(this HttpContext context, string name)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var session = context.RequestServices.GetRequiredService<UserSessionRegistry>().Get(name);
        SessionUse.Note(context);
        return SessionClaims.Find(context.User, session) is { } login
            ? context.RequestServices.GetRequiredService<TokenSessions>()[name, login.SessionKey]
            : null;
    }

    /// <summary>
    /// Signs a user in with tokens that the app has, for example from a password form. It saves the tokens in the user's session and writes
    /// a cookie with the key of that session and no token. An earlier login of the same browser is signed out.
    /// </summary>
    /// <param name="context">The request. Its response must not have started.</param>
    /// <param name="name">The session's name.</param>
    /// <param name="principal">The user. It needs an authentication type: <c>new ClaimsIdentity(claims, "password")</c>.</param>
    /// <param name="tokens">The user's tokens.</param>
    /// <param name="properties">The properties of the cookie, such as <see cref="AuthenticationProperties.IsPersistent"/>.</param>
    /// <param name="cancellationToken">Stops waiting for the store.</param>
    /// <returns>The session, for API calls in this request.</returns>
    /// <exception cref="ArgumentException">
    /// No user session of this name is registered, or the principal isn't authenticated. With <see cref="UserTokenScope.PerUser"/>: the
    /// principal has no user id.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The tokens have no refresh token, and <see cref="UserTokenOptions.RequireRefreshToken"/> is set.
    /// </exception>
    /// <exception cref="TokenRefreshException">The tokens can't be saved: no cookie is written.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static Task<TokenSession> SignInWithTokensAsync(
        this HttpContext context,
        string name,
        ClaimsPrincipal principal,
        TokenSet tokens,
        AuthenticationProperties? properties = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(principal);
        ArgumentNullException.ThrowIfNull(tokens);
        var signIn = context.RequestServices.GetRequiredService<SessionSignIn>();
        return signIn.SignInAsync(context, name, principal, tokens, properties, cancellationToken);
    }

    internal static InvalidOperationException NoUser(string name) => new(
        $"No user of session '{name}' is signed in. Require a sign-in for this endpoint ([Authorize], RequireAuthorization()), "
        + "or use FindTokenSession, which gives null then.");
}
