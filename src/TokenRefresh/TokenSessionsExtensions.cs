using TokenRefresh.Handling;

namespace TokenRefresh;

/// <summary>Handlers for clients that <c>IHttpClientFactory</c> doesn't create.</summary>
public static class TokenSessionsExtensions
{
    /// <summary>
    /// Creates a handler that sends requests with the tokens of a session, for Kiota, gRPC channels, SignalR or YARP. Set its
    /// <see cref="System.Net.Http.DelegatingHandler.InnerHandler"/>.
    /// </summary>
    /// <param name="sessions">The app's sessions.</param>
    /// <param name="name">
    /// The session's name. The handler sends the token to <see cref="TokenRefreshOptions.AllowedOrigins"/>. If that option is empty, it
    /// sends the token to the base address of the HTTP client with this name.
    /// </param>
    /// <returns>A handler. The session outlives it.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty, or no session of this name exists.</exception>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static TokenRefreshHandler CreateHandler(this TokenSessions sessions, string name)
    {
        Require.NotNull(sessions, nameof(sessions));
        Require.NotEmpty(name, nameof(name));
        var resolver = new ClientSessionResolver(sessions.Provider, name, name);
        resolver.GetServices();
        return new TokenRefreshHandler(resolver);
    }
}
