using System;
using System.Net.Http;
using TokenRefresh.Handling;

namespace TokenRefresh;

/// <summary>What one request can ask of the <see cref="TokenRefreshHandler"/>.</summary>
public static class TokenRefreshRequestExtensions
{
    /// <summary>Sends this request as it is: no token is attached, and its 401 comes back untouched.</summary>
    /// <returns>The same request.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is <see langword="null"/>.</exception>
    public static HttpRequestMessage SkipTokenRefresh(this HttpRequestMessage request)
    {
        Require.NotNull(request, nameof(request));
        RequestMarks.SetSkip(request);
        return request;
    }

    /// <summary>Sends this request with the tokens of one user, whatever <see cref="TokenRefreshOptions.UserKey"/> says.</summary>
    /// <returns>The same request.</returns>
    /// <exception cref="ArgumentException"><paramref name="userKey"/> is empty.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is <see langword="null"/>.</exception>
    public static HttpRequestMessage UseTokenUser(this HttpRequestMessage request, string userKey)
    {
        Require.NotNull(request, nameof(request));
        Require.NotEmpty(userKey, nameof(userKey));
        RequestMarks.SetUser(request, userKey);
        return request;
    }
}
