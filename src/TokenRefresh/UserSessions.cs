using System.Collections.Concurrent;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>
/// The sessions of one name: the one without a user, and those of users. A user's session that isn't used is removed from memory, unless
/// something would be lost.
/// </summary>
/// <remarks>
/// A session that was idle from one sweep to the next is held by a weak reference. If a caller still has the session, a later request finds
/// the same object, so there are never two sessions of one user. If its login has ended, the end is remembered for seven days after
/// that, so it isn't reported again.
/// </remarks>
internal sealed class UserSessions : ISessionCache, IObservedSessions
{
    // The value is a TokenSession or, after its eviction, an EvictedSession.
    private readonly ConcurrentDictionary<string, object> _sessions = new(StringComparer.Ordinal);
    private ITimer? _sweeps;

    public UserSessions(SessionServices services)
    {
        Services = services;
        services.Cache = this;
        WithoutUser = new TokenSession(services, userKey: null);
        services.Telemetry.Observe(this);
    }

    public SessionServices Services { get; }

    public TokenSession WithoutUser { get; }

    public string Name => Services.Name;

    /// <summary>How many users are remembered.</summary>
    public int Count => _sessions.Count;

    /// <summary>All sessions in memory.</summary>
    public IEnumerable<TokenSession> All => _sessions.Values.Select(SessionIn).OfType<TokenSession>().Prepend(WithoutUser);

    public IEnumerable<TokenSessionState> States => Services.Work.IsStopping ? [] : All.Select(session => session.State);

    /// <summary>Finds the session of a user; of <see langword="null"/>, the session without a user.</summary>
    /// <exception cref="ArgumentException">The user is empty.</exception>
    /// <exception cref="InvalidOperationException">The sessions are those of users, and no user is given.</exception>
    public TokenSession Find(string? userKey)
    {
        if (userKey is { Length: 0 })
        {
            throw new ArgumentException("The user is empty. Pass null for the session without a user.", nameof(userKey));
        }

        return userKey is not null ? Get(userKey)
            : Services.Options.UserKey is null ? WithoutUser
            : throw new InvalidOperationException(
                $"Session '{Name}' has one login per user (UserKey is set), and no user was given. Use sessions[\"{Name}\", userKey] "
                + "with the key that UserKey returns for the user's requests. In ASP.NET Core, check that the claim for the key exists "
                + "(MapInboundClaims = false keeps \"sub\").");
    }

    public TokenSession Get(string userKey)
    {
        StartSweeps();
        while (true)
        {
            var held = _sessions.TryGetValue(userKey, out var known)
                ? known
                : _sessions.GetOrAdd(userKey, new TokenSession(Services, userKey));
            var evicted = held as EvictedSession;
            var session = SessionIn(held) ?? new TokenSession(Services, userKey, evicted!.End);
            session.Context.WasAccessed = true;
            if (evicted is null)
            {
                return session;
            }

            if (_sessions.TryUpdate(userKey, session, evicted))
            {
                evicted.UnsubscribeIfCollected();
                return session;
            }
        }
    }

    /// <summary>
    /// Adds a strong reference again to an evicted session that signed in, or got an event handler, while a caller held it.
    /// </summary>
    public void KeepAlive(SessionContext session)
    {
        session.WasAccessed = true;
        if (_sessions.TryGetValue(session.UserKey!, out var held) && held is EvictedSession)
        {
            _sessions.TryUpdate(session.UserKey!, session.Owner, held);
        }
    }

    public void Sweep()
    {
        foreach (var held in _sessions)
        {
            if (held.Value is TokenSession session)
            {
                Sweep(held.Key, session);
            }
            else if (held.Value is EvictedSession evicted && evicted.UnsubscribeIfCollected() && !evicted.IsEndNeeded(Services.Time))
            {
                // Remove only this reference: a new session may have replaced it.
                ((ICollection<KeyValuePair<string, object>>)_sessions).Remove(held);
            }
        }
    }

    public void Dispose()
    {
        _sweeps?.Dispose();
        WithoutUser.Context.Listeners?.UnsubscribeFromStore();
        foreach (var held in _sessions.Values)
        {
            (held is TokenSession session ? session.Context.Listeners : ((EvictedSession)held).Listeners)?.UnsubscribeFromStore();
        }

        Services.Telemetry.Forget(this);
    }

    private void Sweep(string userKey, TokenSession session)
    {
        if (session.Context.WasAccessed)
        {
            session.Context.WasAccessed = false;
            return;
        }

        if (!session.Context.CanBeEvicted)
        {
            return;
        }

        var evicted = new EvictedSession(session);
        if (_sessions.TryUpdate(userKey, evicted, session) && !session.Context.CanBeEvicted)
        {
            // A sign-in raced with the eviction: undo it. Either this thread or KeepAlive sees the other's write.
            _sessions.TryUpdate(userKey, session, evicted);
        }
    }

    private void StartSweeps()
    {
        var idle = Services.Options.UserIdleTimeout;
        if (_sweeps is null && idle != Timeout.InfiniteTimeSpan)
        {
            var sweeps = CreateSweeps(idle);
            if (Interlocked.CompareExchange(ref _sweeps, sweeps, null) is not null)
            {
                sweeps.Dispose();
            }
        }
    }

    private ITimer CreateSweeps(TimeSpan idle) => NoContext.Start(
        () => Services.Time.CreateTimer(static users => ((UserSessions)users!).Sweep(), this, idle, idle));

    private static TokenSession? SessionIn(object held) => held as TokenSession ?? ((EvictedSession)held).Session;

    /// <summary>
    /// A weak reference to a session, and the end of its login, if it has ended. The subscription to the store lasts as long as the
    /// session: a caller may hold the session, or ask for it before it is collected.
    /// </summary>
    private sealed class EvictedSession(TokenSession session)
    {
        private readonly WeakReference<TokenSession> _session = new(session);
        private readonly ClockReading _evictedAt = ClockReading.Now(session.Context.Services.Time);

        public SessionListeners? Listeners { get; private set; } = session.Context.Listeners;

        public EndedSnapshot? End { get; } = session.Context.Current as EndedSnapshot;

        public bool IsEndNeeded(TimeProvider time) => End is not null && _evictedAt.Elapsed(time) < LoginRules.MarkLifetime;

        public TokenSession? Session => _session.TryGetTarget(out var session) ? session : null;

        /// <summary>Ends the subscription of a session that no caller can use.</summary>
        /// <returns>Whether the session is collected.</returns>
        public bool UnsubscribeIfCollected()
        {
            if (Session is not null)
            {
                return false;
            }

            Listeners?.UnsubscribeFromStore();
            Listeners = null;
            return true;
        }
    }
}
