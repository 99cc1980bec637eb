using System.Collections.Concurrent;
using TokenRefresh.Refreshing;

namespace TokenRefresh;

/// <summary>
/// All sessions of an app, by name and user. It is a singleton: sessions live here and never in a handler, because
/// <c>IHttpClientFactory</c> creates handlers again and again. All members are safe to call from any thread.
/// </summary>
public sealed class TokenSessions : IDisposable, IAsyncDisposable
{
    private readonly ISessionSource _source;
    private readonly ConcurrentDictionary<string, Lazy<UserSessions>> _sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<UserSessions, bool> _removing = new();

    /// <param name="provider">The container.</param>
    /// <param name="source">Composes the services that the sessions of a name share.</param>
    internal TokenSessions(IServiceProvider provider, ISessionSource source)
    {
        Provider = provider;
        _source = source;
    }

    /// <summary>The container that the sessions come from.</summary>
    internal IServiceProvider Provider { get; }

    /// <summary>
    /// Gets the session of a name, or of one user of it. The session of a user is created at its first use, and removed from memory when
    /// it isn't used for <see cref="TokenRefreshOptions.UserIdleTimeout"/>.
    /// </summary>
    /// <param name="name">The name of the HTTP client or of the session, as it was registered.</param>
    /// <param name="userKey">The user; <see langword="null"/> for a session that has no separate users.</param>
    /// <returns>The session: the same one for as long as it is in memory.</returns>
    /// <exception cref="ArgumentException">No session of this name is registered, or <paramref name="userKey"/> is empty.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">
    /// <see cref="TokenRefreshOptions.UserKey"/> is set and <paramref name="userKey"/> is <see langword="null"/>; or the session is being
    /// created, and its parts request it.
    /// </exception>
    public TokenSession this[string name, string? userKey = null]
    {
        get
        {
            Require.NotNull(name, nameof(name));
            return Named(name).Find(userKey);
        }
    }

    /// <summary>
    /// Adds a session while the app runs, for example for a tenant. The session uses the store, the encryption and the token endpoint that
    /// are registered for all sessions.
    /// </summary>
    /// <param name="name">The session's name. It is part of the key under which a store keeps the tokens.</param>
    /// <param name="configure">Sets the options, after <c>ConfigureAll</c>. Called once, before this method returns.</param>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty, or a session of this name exists.</exception>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">
    /// An option is wrong, or the tokens would be saved unencrypted.
    /// </exception>
    public void Add(string name, Action<TokenRefreshOptions> configure)
    {
        Require.NotEmpty(name, nameof(name));
        Require.NotNull(configure, nameof(configure));
        var added = new Lazy<UserSessions>(() => new UserSessions(_source.Compose(name, configure)));
        if (_source.IsRegistered(name) || !_sessions.TryAdd(name, added))
        {
            throw new ArgumentException(
                $"A token session '{name}' exists already. Remove it with RemoveAsync first, or use another name.", nameof(name));
        }

        Create(name, added);
    }

    /// <summary>
    /// Removes a session that <see cref="Add"/> added, with the sessions of its users. It waits for refreshes that are running, as at the
    /// end of the app. Tokens in a store stay there. Requests that use the session afterwards fail.
    /// </summary>
    /// <param name="name">The session's name.</param>
    /// <returns><see langword="true"/> if the session was removed; <see langword="false"/> if there is none of this name.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">The session was registered when the app started. It can't be removed.</exception>
    public async ValueTask<bool> RemoveAsync(string name)
    {
        Require.NotNull(name, nameof(name));
        if (_source.IsRegistered(name))
        {
            throw new InvalidOperationException(
                $"The token session '{name}' was registered when the app started. Only a session that Add added can be removed.");
        }

        if (!_sessions.TryGetValue(name, out var added) || FindOrDefault(added) is not { } sessions)
        {
            return false;
        }

        // The disposal also waits for a removal that is running.
        _removing[sessions] = true;
        sessions.Services.IsRemoved = true;
        var isRemoved = Forget(name, added);
        await sessions.Services.DisposeAsync().ConfigureAwait(false);
        _removing.TryRemove(sessions, out _);
        return isRemoved;
    }

    /// <summary>Returns the health of all sessions in memory, without their users. It doesn't read the store and doesn't wait.</summary>
    /// <returns>One entry for each session.</returns>
    public IEnumerable<TokenSessionHealth> GetHealth() => Existing
        .SelectMany(sessions => sessions.All.Where(session => session.UserKey is not null || sessions.Services.Options.UserKey is null))
        .Select(session => TokenSessionHealth.Of(session.Context));

    /// <summary>Waits for all refreshes that are running, then ends all sessions.</summary>
    /// <returns>A task that completes when all sessions have ended.</returns>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(
            Existing.Concat(_removing.Keys).Select(sessions => sessions.Services.DisposeAsync().AsTask())).ConfigureAwait(false);

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>The sessions of a name.</summary>
    /// <exception cref="ArgumentException">No session of this name exists.</exception>
    /// <exception cref="InvalidOperationException">The sessions are requested by the code that creates them.</exception>
    internal UserSessions Named(string name)
    {
        if (!_sessions.TryGetValue(name, out var sessions))
        {
            // A name that isn't registered gets no entry, because Add and RemoveAsync would find the entry.
            sessions = _source.IsRegistered(name)
                ? _sessions.GetOrAdd(name, key => new Lazy<UserSessions>(() => new UserSessions(_source.Compose(key))))
                : throw _source.UnknownSession(name);
        }

        if (!sessions.IsValueCreated)
        {
            _source.RequireNoCycle(name);
        }

        return Create(name, sessions);
    }

    /// <summary>The options of a session that exists; <see langword="null"/> if it doesn't exist yet.</summary>
    internal TokenRefreshOptions? FindOptions(string name) =>
        _sessions.TryGetValue(name, out var sessions) && sessions.IsValueCreated ? sessions.Value.Services.Options : null;

    private IEnumerable<UserSessions> Existing =>
        _sessions.Values.Where(sessions => sessions.IsValueCreated).Select(sessions => sessions.Value);

    private UserSessions Create(string name, Lazy<UserSessions> sessions)
    {
        try
        {
            return sessions.Value;
        }
        catch
        {
            // The options may be wrong or the store unavailable. The next call tries again.
            Forget(name, sessions);
            throw;
        }
    }

    // The Add of another thread may fail at the same time.
    private static UserSessions? FindOrDefault(Lazy<UserSessions> added)
    {
        try
        {
            return added.Value;
        }
        catch (Exception)
        {
            return null;
        }
    }

    private bool Forget(string name, Lazy<UserSessions> sessions) =>
        ((ICollection<KeyValuePair<string, Lazy<UserSessions>>>)_sessions).Remove(new(name, sessions));
}
