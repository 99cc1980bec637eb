using TokenRefresh.Handling;

namespace TokenRefresh;

/// <summary>What the <see cref="TokenRefreshHandler"/> says about a response.</summary>
public static class TokenRefreshResponseExtensions
{
    /// <summary>Says why a rejection reached the caller. The answer travels with the response's request.</summary>
    /// <param name="response">The response, from the API or made locally.</param>
    /// <returns><see cref="TokenRefreshOutcome.None"/> for every other response.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="response"/> is <see langword="null"/>.</exception>
    public static TokenRefreshOutcome GetTokenRefreshOutcome(this HttpResponseMessage response)
    {
        Require.NotNull(response, nameof(response));
        return RequestState.OutcomeOf(response);
    }
}
