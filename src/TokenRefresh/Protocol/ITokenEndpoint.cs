namespace TokenRefresh;

/// <summary>Requests tokens from a token endpoint.</summary>
/// <remarks>
/// A session makes one call at a time, unless an earlier call ignored its cancellation and is still running. Different sessions may call
/// concurrently. The session makes the retries, sets the deadline and ensures single flight.
/// </remarks>
public interface ITokenEndpoint
{
    /// <summary>Sends one request.</summary>
    /// <param name="request">The refresh token and the scope, or the scope alone with client credentials.</param>
    /// <param name="cancellationToken">
    /// It is cancelled at the deadline of the refresh, or by a timeout of <see cref="TokenRefreshOptions.ConfigureRefreshPipeline"/>. If a
    /// call ignores it, the refresh fails without waiting for the call. Tokens that the call returns later are still used.
    /// </param>
    /// <returns>The meaning of the response.</returns>
    /// <exception cref="OperationCanceledException">
    /// <paramref name="cancellationToken"/> was cancelled: the refresh token is possibly used.
    /// </exception>
    /// <exception cref="Exception">
    /// Any other exception is a failed call. A <see cref="System.Net.Http.HttpRequestException"/> of a request that wasn't sent, or with a
    /// status code, is transient. One of a request that was sent means that the response was lost. After any other exception the refresh
    /// token is possibly used.
    /// </exception>
    Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken);
}
