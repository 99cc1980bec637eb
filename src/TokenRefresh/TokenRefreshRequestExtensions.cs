using TokenRefresh.Handling;

namespace TokenRefresh;

/// <summary>Settings of one request for the <see cref="TokenRefreshHandler"/>.</summary>
public static class TokenRefreshRequestExtensions
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
}
