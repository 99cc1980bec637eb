using System.Collections.Concurrent;
using TokenRefresh.Refreshing;

namespace TokenRefresh;

/// <summary>
/// All sessions of an app, by name and user. It is a singleton: sessions live here and never in a handler, because
/// <c>IHttpClientFactory</c> creates handlers again and again. All members are safe to call from any thread.
/// </summary>
public sealed class TokenSessions : IDisposable, IAsyncDisposable
{
    private readonly Func<string, SessionServices> _compose;
    private readonly ConcurrentDictionary<string, Lazy<UserSessions>> _sessions = new(StringComparer.Ordinal);

    /// <param name="compose">Creates what the sessions of a name share. Throws an <see cref="ArgumentException"/> for an unknown name.</param>
    internal TokenSessions(Func<string, SessionServices> compose) => _compose = compose;

    /// <summary>The session of a name that has no separate users.</summary>
    /// <param name="name">The name of the HTTP client or of the session, as it was registered.</param>
    /// <returns>Always the same session.</returns>
    /// <exception cref="ArgumentException">No session of this name is registered.</exception>
    /// <exception cref="InvalidOperationException">
    /// <see cref="TokenRefreshOptions.UserKey"/> is set, so the session of a user must be requested.
    /// </exception>
    public TokenSession this[string name] => this[name, null];

    /// <summary>
    /// The session of one user. It is created at its first use, and leaves the memory when it isn't used for a while: see
    /// <see cref="TokenRefreshOptions.UserIdleTimeout"/>.
    /// </summary>
    /// <param name="name">The name of the HTTP client or of the session, as it was registered.</param>
    /// <param name="userKey">The user; <see langword="null"/> for a session that has no separate users.</param>
    /// <returns>The session: the same one for as long as it is in memory.</returns>
    /// <exception cref="ArgumentException">No session of this name is registered, or the user is empty.</exception>
    /// <exception cref="InvalidOperationException">
    /// <see cref="TokenRefreshOptions.UserKey"/> is set and <paramref name="userKey"/> is <see langword="null"/>.
    /// </exception>
    public TokenSession this[string name, string? userKey]
    {
        get
        {
            Require.NotNull(name, nameof(name));
            if (userKey is { Length: 0 })
            {
                throw new ArgumentException("The user is empty. Pass null for the session without a user.", nameof(userKey));
            }

            var sessions = Named(name);
            return userKey is not null ? sessions.Get(userKey)
                : sessions.Services.Options.UserKey is null ? sessions.WithoutUser
                : throw new InvalidOperationException(
                    $"Session '{name}' has one login per user (UserKey is set), and no user was given. Use sessions[\"{name}\", userKey] with the key "
                    + "that UserKey returns for the user's requests. In ASP.NET Core, check that the claim for the key exists "
                    + "(MapInboundClaims = false keeps \"sub\").");
        }
    }

    /// <summary>Returns the health of all sessions in memory, without their users. It doesn't read the store and doesn't wait.</summary>
    /// <returns>One entry for each session.</returns>
    public IEnumerable<TokenSessionHealth> GetHealth() => Existing
        .SelectMany(sessions => sessions.All.Where(session => session.UserKey is not null || sessions.Services.Options.UserKey is null))
        .Select(session => TokenSessionHealth.Of(session.Context));

    /// <summary>Waits for all refreshes that are running, then ends all sessions.</summary>
    /// <returns>A task that completes when all sessions have ended.</returns>
    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(Existing.Select(sessions => sessions.Services.DisposeAsync().AsTask())).ConfigureAwait(false);

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    internal SessionServices ServicesOf(string name) => Named(name).Services;

    private IEnumerable<UserSessions> Existing => _sessions.Values.Where(sessions => sessions.IsValueCreated).Select(sessions => sessions.Value);

    private UserSessions Named(string name)
    {
        if (_sessions.TryGetValue(name, out var sessions) && sessions.IsValueCreated)
        {
            return sessions.Value;
        }

        sessions = _sessions.GetOrAdd(name, key => new Lazy<UserSessions>(() => new UserSessions(_compose(key))));
        try
        {
            return sessions.Value;
        }
        catch
        {
            // The store can't be reached, perhaps. The next call tries again.
            ((ICollection<KeyValuePair<string, Lazy<UserSessions>>>)_sessions).Remove(new(name, sessions));
            throw;
        }
    }
}
