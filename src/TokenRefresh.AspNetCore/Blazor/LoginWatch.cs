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
    public IDisposable Subscribe(ClaimsPrincipal user, Action ended) => new Subscription(FindSessions(user), (_, _) => ended());

    /// <summary>
    /// Waits if the user signed out, because that may be the request of this page. To load the page now would cancel the request before
    /// the browser gets to the provider, and the provider would sign the user in again.
    /// </summary>
    public Task WaitForSignOutAsync(ClaimsPrincipal? user) =>
        user is not null && FindSessions(user).Exists(session => session.State == TokenSessionState.SignedOut)
            ? Task.Delay(SignOutTime, time)
            : Task.CompletedTask;

    private List<TokenSession> FindSessions(ClaimsPrincipal user)
    {
        List<TokenSession> found = [];
        foreach (var session in registry.All)
        {
            if (SessionClaims.Find(user, session) is { } login)
            {
                found.Add(sessions[session.Name, login.SessionKey]);
            }
        }

        return found;
    }

    private sealed class Subscription : IDisposable
    {
        private readonly List<TokenSession> _watched;
        private readonly EventHandler<ReLoginRequiredEventArgs> _handler;

        public Subscription(List<TokenSession> watched, EventHandler<ReLoginRequiredEventArgs> handler)
        {
            _watched = watched;
            _handler = handler;
            watched.ForEach(session => session.ReLoginRequired += handler);
        }

        public void Dispose() => _watched.ForEach(session => session.ReLoginRequired -= _handler);
    }
}
