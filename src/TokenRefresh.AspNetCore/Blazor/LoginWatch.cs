using System.Security.Claims;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.Blazor;

/// <summary>Watches the logins of one user, for a circuit.</summary>
internal sealed class LoginWatch(UserSessionRegistry registry, LoginChecker checker, TokenSessions sessions, TimeProvider time)
{
    /// <summary>How long a page waits for its own sign-out to lead to the next page.</summary>
    internal static readonly TimeSpan SignOutTime = TimeSpan.FromSeconds(3);

    /// <summary>Whether a login of this user has ended. A store that can't be read ends none.</summary>
    public async Task<bool> IsEndedAsync(ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        foreach (var session in registry.All)
        {
            if (SessionClaims.Find(user, session) is { } login
                && await checker.CheckStoreAsync(session, login, cancellationToken).ConfigureAwait(false) == LoginStatus.Ended)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Calls back when a login of this user ends, until the subscription is disposed.</summary>
    public Subscription Subscribe(ClaimsPrincipal user, Action ended)
    {
        List<TokenSession> watched = [];
        foreach (var session in registry.All)
        {
            if (SessionClaims.Find(user, session) is { } login)
            {
                watched.Add(sessions[session.Name, login.SessionKey]);
            }
        }

        return new Subscription(watched, (_, _) => ended(), time);
    }

    /// <summary>The watched logins of one user.</summary>
    internal sealed class Subscription : IDisposable
    {
        private readonly List<TokenSession> _watched;
        private readonly EventHandler<ReLoginRequiredEventArgs> _handler;
        private readonly TimeProvider _time;

        public Subscription(List<TokenSession> watched, EventHandler<ReLoginRequiredEventArgs> handler, TimeProvider time)
        {
            _watched = watched;
            _handler = handler;
            _time = time;
            watched.ForEach(session => session.ReLoginRequired += handler);
        }

        /// <summary>
        /// Waits if the user signed out, because that may be the request of this page. To load the page now would cancel the request
        /// before the browser gets to the provider, and the provider would sign the user in again.
        /// </summary>
        public Task WaitForSignOutAsync() => _watched.Exists(session => session.State == TokenSessionState.SignedOut)
            ? Task.Delay(SignOutTime, _time)
            : Task.CompletedTask;

        public void Dispose() => _watched.ForEach(session => session.ReLoginRequired -= _handler);
    }
}
