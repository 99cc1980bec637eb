namespace TokenRefresh.Storage;

/// <summary>A process's right to use the refresh token.</summary>
/// <param name="HolderId">
/// Unique among all processes and refreshes. If the answer of a write was lost, later leases for the same tokens have the same id.
/// </param>
/// <param name="Duration">How long the right lasts if the holder doesn't release it.</param>
internal sealed record RefreshLease(string HolderId, TimeSpan Duration);

/// <summary>The information for other processes when a leader releases its lease without new tokens.</summary>
internal sealed record LeaseRelease
{
    /// <summary>How long the server asked all clients to wait; <see langword="null"/> if it didn't.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the refresh token was sent and no response arrived.</summary>
    public bool PossiblyUsed { get; init; }
}
