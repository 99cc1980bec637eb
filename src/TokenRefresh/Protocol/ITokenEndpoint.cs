namespace TokenRefresh;

/// <summary>Requests tokens from a token endpoint.</summary>
/// <remarks>
/// The leader of a flight calls it: one call at a time for each session, and at the same time for different sessions. Attempts, the
/// deadline and single flight are up to the session.
/// </remarks>
public interface ITokenEndpoint
{
    /// <summary>Sends one request.</summary>
    /// <param name="request">What to request the token with.</param>
    /// <param name="cancellationToken">
    /// The deadline of the flight, or a timeout of <see cref="TokenRefreshOptions.ConfigureRefreshPipeline"/>. A flight doesn't wait longer
    /// for a call that ignores it; tokens that the call returns later are still used.
    /// </param>
    /// <returns>What the response means.</returns>
    /// <exception cref="OperationCanceledException">
    /// <paramref name="cancellationToken"/> was cancelled: the refresh token is possibly used.
    /// </exception>
    /// <exception cref="Exception">
    /// Any other exception is a failure of the call. A <see cref="System.Net.Http.HttpRequestException"/> from before sending is transient;
    /// one from after sending means that the response was lost. After any other exception the refresh token is possibly used.
    /// </exception>
    Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken);
}
