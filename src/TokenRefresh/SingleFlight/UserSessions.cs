using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace TokenRefresh.SingleFlight;

/// <summary>The sessions of one name's users. One that nobody uses leaves the memory, unless that would lose something.</summary>
/// <remarks>
/// A session that was idle from one sweep to the next is held weakly: whoever has it in hand keeps it, and it comes back as the same object,
/// so that two never stand for one user. When nobody has it, the collector takes it, and the next sweep its place.
/// </remarks>
internal sealed class UserSessions : IDisposable
{
    private readonly SessionServices _services;
    private readonly ITimer? _sweeps;

    // Each value is a TokenSession, or a WeakReference<TokenSession> to one that is idle.
    private readonly ConcurrentDictionary<string, object> _sessions = new(StringComparer.Ordinal);

    public UserSessions(SessionServices services)
    {
        _services = services;
        var idle = services.Options.UserIdleTimeout;
        _sweeps = idle == Timeout.InfiniteTimeSpan ? null : services.Time.CreateTimer(static users => ((UserSessions)users!).Sweep(), this, idle, idle);
    }

    public int Count => _sessions.Count;

    public IEnumerable<TokenSession> Known =>
        _sessions.Select(held => held.Value as TokenSession ?? (((WeakReference<TokenSession>)held.Value).TryGetTarget(out var idle) ? idle : null)).OfType<TokenSession>();

    public TokenSession Get(string userKey)
    {
        while (true)
        {
            var known = _sessions.TryGetValue(userKey, out var found) ? found : _sessions.GetOrAdd(userKey, new TokenSession(_services, userKey));
            if (known is TokenSession session)
            {
                session.IsUsed = true;
                return session;
            }

            var idle = (WeakReference<TokenSession>)known;
            if (!idle.TryGetTarget(out session!))
            {
                session = new TokenSession(_services, userKey);
            }

            session.IsUsed = true;
            if (_sessions.TryUpdate(userKey, session, idle))
            {
                return session;
            }
        }
    }

    /// <summary>Holds a session again that has become worth it, while somebody had it in hand for longer than the others remembered it.</summary>
    public void Keep(TokenSession session)
    {
        session.IsUsed = true;
        if (_sessions.TryGetValue(session.UserKey!, out var held) && held is WeakReference<TokenSession> idle)
        {
            _sessions.TryUpdate(session.UserKey!, session, idle);
        }
    }

    public void Sweep()
    {
        foreach (var held in _sessions)
        {
            if (held.Value is WeakReference<TokenSession> idle)
            {
                if (!idle.TryGetTarget(out _))
                {
                    // Only this very reference: a new session may have taken its place.
                    ((ICollection<KeyValuePair<string, object>>)_sessions).Remove(held);
                }

                continue;
            }

            var session = (TokenSession)held.Value;
            if (session.IsUsed)
            {
                session.IsUsed = false;
                continue;
            }

            var weak = new WeakReference<TokenSession>(session);
            if (session.MayLeave && _sessions.TryUpdate(held.Key, weak, session) && !session.MayLeave)
            {
                // Somebody signed in meanwhile. Whoever of us two came second has seen the other's write.
                _sessions.TryUpdate(held.Key, session, weak);
            }
        }
    }

    public void Dispose() => _sweeps?.Dispose();
}
