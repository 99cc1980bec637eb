using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>
/// Reads the logins from the cookie of a request. It doesn't authenticate the request, because that runs the app's events and claims
/// transformations: one of them may be the caller, and they may replace the user.
/// </summary>
internal sealed class CookieLogins(
    UserSessionRegistry registry, LoginChecker checker, IOptionsMonitor<CookieAuthenticationOptions> schemes)
{
    // The platform's name. The cookie of a scheme with a ticket store has this claim alone.
    private const string TicketKeyType = "Microsoft.AspNetCore.Authentication.Cookies-SessionId";

    /// <summary>Keeps a ticket that was read from the app's store. A sign-out removes it there before the session is signed out.</summary>
    public static void KeepTicket(HttpContext context, string scheme, string key, AuthenticationTicket? ticket) =>
        context.Items[(typeof(CookieLogins), scheme, key)] = ticket;

    /// <summary>Finds the logins of the cookie that haven't ended.</summary>
    public async Task<IReadOnlyList<(UserSession Session, LoginKey Login)>> FindAliveAsync(HttpContext context, string scheme)
    {
        List<(UserSession, LoginKey)> alive = [];
        foreach (var (session, login) in await FindAllAsync(context, scheme).ConfigureAwait(false))
        {
            // Not the request's token: a sign-out completes also if the browser closes the connection.
            if (await checker.CheckAsync(session, login, CancellationToken.None).ConfigureAwait(false) != LoginStatus.Ended)
            {
                alive.Add((session, login));
            }
        }

        return alive;
    }

    /// <summary>Finds the logins of the cookie, without a look at their sessions.</summary>
    public async Task<IReadOnlyList<(UserSession Session, LoginKey Login)>> FindAllAsync(HttpContext context, string scheme)
    {
        var options = schemes.Get(scheme);
        var ticket = options.CookieManager.GetRequestCookie(context, options.Cookie.Name!) is { Length: > 0 } cookie
            ? await ReadAsync(context, scheme, options, cookie).ConfigureAwait(false)
            : null;
        return ticket is null || ticket.Properties.ExpiresUtc < options.TimeProvider!.GetUtcNow()
            ? []
            : registry.FindLogins(scheme, ticket.Principal);
    }

    private static async Task<AuthenticationTicket?> ReadAsync(
        HttpContext context, string scheme, CookieAuthenticationOptions options, string cookie)
    {
        var binding = context.Features.Get<ITlsTokenBindingFeature>()?.GetProvidedTokenBindingId();
        var ticket = options.TicketDataFormat.Unprotect(cookie, binding is null ? null : Convert.ToBase64String(binding));
        if (options.SessionStore is not { } tickets)
        {
            return ticket;
        }

        if (ticket?.Principal.FindFirstValue(TicketKeyType) is not { } key)
        {
            return null;
        }

        // The app may have read tickets of other browsers in this request.
        return context.Items.TryGetValue((typeof(CookieLogins), scheme, key), out var kept)
            ? kept as AuthenticationTicket
            : await tickets.RetrieveAsync(key, context, context.RequestAborted).ConfigureAwait(false);
    }
}
