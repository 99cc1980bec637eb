using TokenRefresh.Refreshing;

namespace TokenRefresh.Handling;

/// <summary>
/// The sessions of one name, and the origins that get their tokens. If a name is removed and added again, there is a new object with both.
/// </summary>
/// <param name="services">The services that the sessions share.</param>
internal abstract class SessionTarget(SessionServices services)
{
    private AllowedOrigins? _origins;

    public SessionServices Services => services;

    /// <summary>The origins that get the token.</summary>
    /// <exception cref="TokenRefreshException">No origin is set.</exception>
    public AllowedOrigins Origins => _origins ??= ReadOrigins();

    /// <summary>The session of the request's user; <see langword="null"/> if the request has none.</summary>
    public abstract TokenSession? FindSession(HttpRequestMessage request);

    protected abstract AllowedOrigins ReadOrigins();
}
