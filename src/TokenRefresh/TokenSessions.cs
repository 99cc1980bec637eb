using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using TokenRefresh.SingleFlight;

namespace TokenRefresh;

/// <summary>
/// All sessions of an app, by name and user. A singleton: sessions live here, never in a handler, since <c>IHttpClientFactory</c> builds
/// handlers anew. On disposal, refreshes under way are finished first.
/// </summary>
public sealed class TokenSessions : IDisposable, IAsyncDisposable
{
    private readonly Func<string, SessionServices> _compose;
    private readonly ConcurrentDictionary<string, Lazy<NamedSessions>> _sessions = new(StringComparer.Ordinal);

    /// <param name="compose">Puts together what the sessions of a name share. Throws an <see cref="ArgumentException"/> for a name that isn't registered.</param>
    internal TokenSessions(Func<string, SessionServices> compose) => _compose = compose;

    /// <summary>The session of a name.</summary>
    /// <param name="name">The name of the HTTP client or of the session, as it was registered.</param>
    /// <exception cref="ArgumentException">No session of this name is registered.</exception>
    public TokenSession this[string name] => this[name, null];

    /// <summary>
    /// The session of one user. It is made when it is first asked for, and leaves the memory when nobody has used it for a while: see
    /// <see cref="TokenRefreshOptions.UserIdleTimeout"/>.
    /// </summary>
    /// <param name="name">The name of the HTTP client or of the session, as it was registered.</param>
    /// <param name="userKey">The user; <see langword="null"/> for the session without one.</param>
    /// <exception cref="ArgumentException">No session of this name is registered, or the user is empty.</exception>
    public TokenSession this[string name, string? userKey]
    {
        get
        {
            Require.NotNull(name, nameof(name));
            if (userKey is { Length: 0 })
            {
                throw new ArgumentException("The user is empty. Pass null for the session without a user.", nameof(userKey));
            }

            return Named(name).Get(userKey);
        }
    }

    /// <summary>How the sessions that are in memory are doing, one by one and without their users. Reads no store and waits for nothing.</summary>
    public IEnumerable<TokenSessionHealth> GetHealth() =>
        _sessions.Values.Where(named => named.IsValueCreated).SelectMany(named => named.Value.Get(userKey: null).WithUsers).Select(session => session.Health);

    /// <summary>Waits for all refreshes under way, then ends all sessions.</summary>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(_sessions.Values.Where(named => named.IsValueCreated).Select(named => named.Value.Services.DisposeAsync().AsTask())).ConfigureAwait(false);

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    internal SessionServices ServicesOf(string name) => Named(name).Services;

    private NamedSessions Named(string name)
    {
        if (_sessions.TryGetValue(name, out var named) && named.IsValueCreated)
        {
            return named.Value;
        }

        named = _sessions.GetOrAdd(name, key => new Lazy<NamedSessions>(() => new NamedSessions(_compose(key))));
        try
        {
            return named.Value;
        }
        catch
        {
            // What failed to be put together, a store that couldn't be reached perhaps, is tried again by the next to ask.
            ((ICollection<KeyValuePair<string, Lazy<NamedSessions>>>)_sessions).Remove(new(name, named));
            throw;
        }
    }

    private sealed class NamedSessions(SessionServices services)
    {
        private readonly TokenSession _own = new(services, userKey: null);

        public SessionServices Services => services;

        public TokenSession Get(string? userKey) => userKey is null ? _own : services.Users.Get(userKey);
    }
}
