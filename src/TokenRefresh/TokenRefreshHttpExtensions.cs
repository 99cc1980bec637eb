using TokenRefresh.Handling;

namespace TokenRefresh;

/// <summary>
/// Sets the token of one request, says why a response is a rejection, and creates handlers for clients that
/// <c>IHttpClientFactory</c> doesn't create.
/// </summary>
public static class TokenRefreshHttpExtensions
{
    /// <summary>
    /// Sends this request without an access token. Its response reaches the caller as it is, and nothing is refreshed because of it.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <returns>The same request.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is <see langword="null"/>.</exception>
    public static HttpRequestMessage WithoutAccessToken(this HttpRequestMessage request)
    {
        Require.NotNull(request, nameof(request));
        RequestState.SetWithoutToken(request);
        return request;
    }

    /// <summary>
    /// Sends this request with the tokens of one user. It replaces <see cref="TokenRefreshOptions.UserKey"/> for this request.
    /// </summary>
    /// <remarks>
    /// Set <see cref="TokenRefreshOptions.UserKey"/> too, for example to a function that returns <see langword="null"/>. It turns off the
    /// cookies of the API, which all users of a client would share.
    /// </remarks>
    /// <param name="request">The request.</param>
    /// <param name="userKey">The user's key: the same that was passed to <see cref="TokenSessions"/> at the sign-in.</param>
    /// <returns>The same request.</returns>
    /// <exception cref="ArgumentException"><paramref name="userKey"/> is empty.</exception>
    /// <exception cref="ArgumentNullException">
    /// <paramref name="request"/> or <paramref name="userKey"/> is <see langword="null"/>.
    /// </exception>
    public static HttpRequestMessage UseTokenUser(this HttpRequestMessage request, string userKey)
    {
        Require.NotNull(request, nameof(request));
        Require.NotEmpty(userKey, nameof(userKey));
        RequestState.SetUser(request, userKey);
        return request;
    }

    /// <summary>Returns why the caller got a rejection. It is read from the response's <c>RequestMessage</c>.</summary>
    /// <param name="response">The response of the API, or a local 401.</param>
    /// <returns>The reason; <see cref="TokenRefreshOutcome.None"/> for a response that isn't a rejection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="response"/> is <see langword="null"/>.</exception>
    public static TokenRefreshOutcome GetTokenRefreshOutcome(this HttpResponseMessage response)
    {
        Require.NotNull(response, nameof(response));
        return RequestState.OutcomeOf(response);
    }

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
        var resolver = SessionResolver.For(sessions.Provider, name, name);
        resolver.GetServices();
        return new TokenRefreshHandler(resolver);
    }
}
