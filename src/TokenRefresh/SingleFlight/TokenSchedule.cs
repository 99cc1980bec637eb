using static TokenRefresh.TimeSpans;

namespace TokenRefresh.SingleFlight;

/// <summary>When an access token is refreshed in the background, when it is no longer sent, and when it expires.</summary>
/// <param name="RefreshAt">From this time on the token is refreshed in the background.</param>
/// <param name="StaleAt">From this time on requests wait for the refresh.</param>
/// <param name="ExpiresAt">From this time on the server rejects the token.</param>
/// <remarks>The times are UTC. <see cref="DateTime"/> takes half the memory of an offset, and there is one schedule per user.</remarks>
internal readonly record struct TokenSchedule(DateTime RefreshAt, DateTime StaleAt, DateTime ExpiresAt)
{
    private static readonly TimeSpan MaxWindow = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MaxBuffer = TimeSpan.FromSeconds(30);

    /// <summary>The schedule of an unknown lifetime: the token is sent until a 401, and is never refreshed in the background.</summary>
    public static TokenSchedule Unknown { get; } = new(DateTime.MaxValue, DateTime.MaxValue, DateTime.MaxValue);

    public bool IsUnknown => ExpiresAt == DateTime.MaxValue;

    /// <summary>The same schedule without a refresh before the expiry: there is no refresh token.</summary>
    public TokenSchedule WithoutRefresh => new(ExpiresAt, ExpiresAt, ExpiresAt);

    /// <param name="receivedAt">When the token was received, by the local clock.</param>
    /// <param name="lifetime">How long it lives from then on, or <see langword="null"/> if that is unknown.</param>
    /// <param name="options">The configured window and buffer.</param>
    /// <param name="jitter">A random number from 0 to 1, drawn once for this token.</param>
    public static TokenSchedule For(DateTime receivedAt, TimeSpan? lifetime, TokenRefreshOptions options, double jitter)
    {
        if (lifetime is not { } life || life >= DateTime.MaxValue - receivedAt)
        {
            return Unknown;
        }

        if (life <= TimeSpan.Zero)
        {
            return new TokenSchedule(receivedAt, receivedAt, receivedAt);
        }

        // With a window or buffer as long as the lifetime, each new token would be refreshed at once. A window of zero (no refresh in the
        // background) doesn't limit the buffer.
        var half = Share(life, 0.5);
        var maxBuffer = options.RefreshWindow > TimeSpan.Zero ? options.RefreshWindow.Value : half;
        var window = Min(options.RefreshWindow ?? Min(MaxWindow, Share(life, 0.2)), half);
        var buffer = Min(Min(options.ExpiryBuffer ?? Min(MaxBuffer, Share(life, 0.05)), half), maxBuffer);

        var expiresAt = receivedAt + life;
        var staleAt = expiresAt - buffer;
        var refreshAt = expiresAt - window - Share(window, 0.1 * jitter);
        return new TokenSchedule(refreshAt < staleAt ? refreshAt : staleAt, staleAt, expiresAt);
    }

    private static TimeSpan Share(TimeSpan whole, double share) => TimeSpan.FromTicks((long)(whole.Ticks * share));
}
