using System;
using System.Collections.Generic;
using System.Linq;
using TokenRefresh.SingleFlight;

namespace TokenRefresh;

// What operators ask of a session.
public sealed partial class TokenSession
{
    /// <summary>How the session is doing. Reads no store and waits for nothing.</summary>
    public TokenSessionHealth Health
    {
        get
        {
            var current = _current;
            var coolDown = _coolDown;
            return new TokenSessionHealth
            {
                SessionName = Name,
                State = current.State,
                LastFailure = current.State == TokenSessionState.ReLoginRequired ? TokenRefreshFailure.ReLoginRequired : coolDown?.Kind,
                CoolDownUntil = coolDown?.Holds(FlightCause.Expired, _services.Time)?.Rest is { } rest ? _services.Time.GetUtcNow() + rest : null,
                RefreshedAt = current.Refreshed is { } refreshed ? new DateTimeOffset(refreshed.Utc) : null,
            };
        }
    }

    /// <summary>This session and, where it is the one without a user, those of its users.</summary>
    internal IEnumerable<TokenSession> WithUsers => _services.KnownUsers.Prepend(this);
}
