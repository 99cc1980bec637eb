using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.Requests;

/// <summary>
/// Renews a cookie only while its login is alive. The cookie handler decides on a renewal when it reads the cookie, and writes it when
/// the response starts. If the user has signed in anew meanwhile, a renewed old cookie would replace the new login's cookie.
/// </summary>
internal sealed class CookieRenewal(LoginChecker checker, TimeProvider time)
{
    private const string MayRenew = "TokenRefresh.CookieMayRenew/";
    private const string IsWritten = "TokenRefresh.CookieIsWritten/";

    private long _failedAt;

    private bool IsPaused => Interlocked.Read(ref _failedAt) is not 0 and var failedAt && time.GetElapsedTime(failedAt) < StoreLimit.Pause;

    /// <summary>Looks at the logins again when the response starts, before the cookie handler writes the cookie.</summary>
    public void CheckAtStart(HttpContext context, string scheme, IReadOnlyList<(UserSession Session, LoginKey Login)> logins)
    {
        if (logins.Count == 0 || context.Response.HasStarted)
        {
            return;
        }

        // A request that is executed again in a new scope has several cookie handlers. Each registers its renewal before this call, and the
        // callbacks run last to first: so a check runs before the first renewal. Only the first check reads the store. None does after a
        // sign-in or sign-out: the other handlers of this request must not replace what it wrote.
        context.Response.OnStarting(async () => context.Items[MayRenew + scheme] ??=
            context.Items[IsWritten + scheme] is null && await AreAliveAsync(logins).ConfigureAwait(false));
    }

    private async Task<bool> AreAliveAsync(IReadOnlyList<(UserSession Session, LoginKey Login)> logins)
    {
        // A later request renews the cookie.
        if (IsPaused)
        {
            return false;
        }

        foreach (var (session, login) in logins)
        {
            var status = await checker.CheckStoreAsync(session, login, CancellationToken.None).ConfigureAwait(false);
            if (status == LoginStatus.Unknown)
            {
                Interlocked.Exchange(ref _failedAt, time.GetTimestamp());
            }

            if (status != LoginStatus.Alive)
            {
                return false;
            }
        }

        return true;
    }

    // The value is false only when the response starts: a sign-in has written its cookie before.
    private static bool IsForbidden(HttpContext context, string scheme) => context.Items[MayRenew + scheme] is false;

    /// <summary>The cookie manager of a scheme that has sessions.</summary>
    internal sealed class Manager(ICookieManager inner, string scheme) : ICookieManager
    {
        public string? GetRequestCookie(HttpContext context, string key) => inner.GetRequestCookie(context, key);

        public void AppendResponseCookie(HttpContext context, string key, string? value, CookieOptions options)
        {
            if (!IsForbidden(context, scheme))
            {
                inner.AppendResponseCookie(context, key, value, options);
                context.Items[IsWritten + scheme] = true;
            }
        }

        public void DeleteCookie(HttpContext context, string key, CookieOptions options)
        {
            inner.DeleteCookie(context, key, options);
            context.Items[IsWritten + scheme] = true;
        }
    }

    /// <summary>
    /// The app's ticket store of a scheme that has sessions. A login in the same browser may keep the key of the ticket, so a late renewal
    /// would replace the new login's ticket. After a sign-out it would bring the ticket back.
    /// </summary>
    internal sealed class TicketStore(ITicketStore inner, string scheme) : ITicketStore
    {
        public Task<string> StoreAsync(AuthenticationTicket ticket) => inner.StoreAsync(ticket);

        public Task<string> StoreAsync(AuthenticationTicket ticket, CancellationToken cancellationToken) =>
            inner.StoreAsync(ticket, cancellationToken);

        public Task<string> StoreAsync(AuthenticationTicket ticket, HttpContext httpContext, CancellationToken cancellationToken) =>
            inner.StoreAsync(ticket, httpContext, cancellationToken);

        public Task RenewAsync(string key, AuthenticationTicket ticket) => inner.RenewAsync(key, ticket);

        public Task RenewAsync(string key, AuthenticationTicket ticket, CancellationToken cancellationToken) =>
            inner.RenewAsync(key, ticket, cancellationToken);

        public Task RenewAsync(
            string key, AuthenticationTicket ticket, HttpContext httpContext, CancellationToken cancellationToken) =>
            IsForbidden(httpContext, scheme) ? Task.CompletedTask : inner.RenewAsync(key, ticket, httpContext, cancellationToken);

        public Task<AuthenticationTicket?> RetrieveAsync(string key) => inner.RetrieveAsync(key);

        public Task<AuthenticationTicket?> RetrieveAsync(string key, CancellationToken cancellationToken) =>
            inner.RetrieveAsync(key, cancellationToken);

        public async Task<AuthenticationTicket?> RetrieveAsync(string key, HttpContext httpContext, CancellationToken cancellationToken)
        {
            var ticket = await inner.RetrieveAsync(key, httpContext, cancellationToken).ConfigureAwait(false);
            CookieLogins.KeepTicket(httpContext, scheme, key, ticket);
            return ticket;
        }

        public Task RemoveAsync(string key) => inner.RemoveAsync(key);

        public Task RemoveAsync(string key, CancellationToken cancellationToken) => inner.RemoveAsync(key, cancellationToken);

        public Task RemoveAsync(string key, HttpContext httpContext, CancellationToken cancellationToken) =>
            inner.RemoveAsync(key, httpContext, cancellationToken);
    }
}
