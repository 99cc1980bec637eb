namespace TokenRefresh.SingleFlight;

/// <summary>Why a login ended.</summary>
/// <param name="Reason">The reason that the app sees.</param>
/// <param name="Error">The server's error code, if it sent one.</param>
/// <param name="TokenHash">A short hash of the refresh token that was rejected, if there was one.</param>
internal sealed record LoginEnd(ReLoginReason Reason, string? Error, string? TokenHash);
