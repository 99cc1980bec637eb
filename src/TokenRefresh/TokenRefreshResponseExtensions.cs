using TokenRefresh.Handling;

namespace TokenRefresh;

/// <summary>Information of the <see cref="TokenRefreshHandler"/> about a response.</summary>
public static class TokenRefreshResponseExtensions
{
    /// <summary>Returns why the caller got a rejection. It is read from the response's <c>RequestMessage</c>.</summary>
    /// <param name="response">The response of the API, or a local 401.</param>
    /// <returns>The reason; <see cref="TokenRefreshOutcome.None"/> for a response that isn't a rejection.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="response"/> is <see langword="null"/>.</exception>
    public static TokenRefreshOutcome GetTokenRefreshOutcome(this HttpResponseMessage response)
    {
        Require.NotNull(response, nameof(response));
        return RequestState.OutcomeOf(response);
    }
}
