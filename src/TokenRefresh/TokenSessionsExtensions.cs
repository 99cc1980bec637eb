using TokenRefresh.Handling;

namespace TokenRefresh;

/// <summary>Handlers for clients that <c>IHttpClientFactory</c> doesn't create.</summary>
public static class TokenSessionsExtensions
{
    /// <summary>
    /// Creates a handler that sends requests with the tokens of a session: for Kiota, gRPC channels, SignalR, YARP. Set its
    /// <see cref="System.Net.Http.DelegatingHandler.InnerHandler"/>.
    /// </summary>
    /// <param name="sessions">The app's sessions.</param>
    /// <param name="name">
    /// The session's name. The origins that get the token are those of <see cref="TokenRefreshOptions.AllowedOrigins"/>, else that of the
    /// base address of the HTTP client with this name.
    /// </param>
    /// <returns>A handler. The session outlives it.</returns>
    /// <exception cref="ArgumentException">No session of this name exists.</exception>
    public static TokenRefreshHandler CreateHandler(this TokenSessions sessions, string name)
    {
        Require.NotNull(sessions, nameof(sessions));
        Require.NotEmpty(name, nameof(name));
        sessions.Named(name);
        return new TokenRefreshHandler(new ClientSessionResolver(sessions.Provider, name, name));
    }
}
