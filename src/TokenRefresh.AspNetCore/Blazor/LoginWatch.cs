using System.Security.Claims;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.Blazor;

/// <summary>Watches the logins of one user, for a circuit.</summary>
internal sealed class LoginWatch(UserSessionRegistry registry, LoginChecker checker, TokenSessions sessions)
{
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
    public IDisposable Subscribe(ClaimsPrincipal user, Action ended)
    {
        List<TokenSession> watched = [];
        foreach (var session in registry.All)
        {
            if (SessionClaims.Find(user, session) is { } login)
            {
                watched.Add(sessions[session.Name, login.SessionKey]);
            }
        }

        return new Subscription(watched, (_, _) => ended());
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
