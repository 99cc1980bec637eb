namespace TokenRefresh.Storage;

/// <summary>A process's right to use the refresh token.</summary>
/// <param name="HolderId">Unique among all processes and refreshes. An attempt whose answer was lost is repeated with the same id.</param>
/// <param name="Duration">How long the right lasts if the holder doesn't give it back.</param>
internal sealed record RefreshLease(string HolderId, TimeSpan Duration);

/// <summary>What a leader leaves for the others when it gives up its lease without new tokens.</summary>
internal sealed record LeaseRelease
{
    /// <summary>How long the server asked all clients to wait; <see langword="null"/> if it didn't.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The refresh token was sent and no answer arrived.</summary>
    public bool PossiblyUsed { get; init; }
}
