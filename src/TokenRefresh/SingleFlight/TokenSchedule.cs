using System;

namespace TokenRefresh.SingleFlight;

/// <summary>When a token is refreshed ahead, when it is no longer sent, and when it is dead.</summary>
/// <param name="RefreshAt">From here on it is refreshed in the background.</param>
/// <param name="StaleAt">From here on requests wait for the refresh.</param>
/// <param name="ExpiresAt">From here on the server refuses it.</param>
/// <remarks>All in UTC, and half the size of offsets: there is one for each user.</remarks>
internal readonly record struct TokenSchedule(DateTime RefreshAt, DateTime StaleAt, DateTime ExpiresAt)
{
    private static readonly TimeSpan LongestWindow = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestBuffer = TimeSpan.FromSeconds(30);

    /// <summary>An unknown lifetime: used until a 401, never refreshed ahead.</summary>
    public static TokenSchedule Unknown { get; } = new(DateTime.MaxValue, DateTime.MaxValue, DateTime.MaxValue);

    public bool IsUnknown => RefreshAt == DateTime.MaxValue;

    /// <param name="receivedAt">When the token came, by the local clock.</param>
    /// <param name="lifetime">How long it lives from there, or <see langword="null"/>.</param>
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

        // A window or buffer as long as the life itself would refresh for ever. A window of zero, never ahead, leaves the buffer as it is.
        var half = Part(life, 0.5);
        var longestBuffer = options.RefreshWindow > TimeSpan.Zero ? options.RefreshWindow.Value : half;
        var window = Shorter(options.RefreshWindow ?? Shorter(LongestWindow, Part(life, 0.2)), half);
        var buffer = Shorter(Shorter(options.ExpiryBuffer ?? Shorter(LongestBuffer, Part(life, 0.05)), half), longestBuffer);

        var expiresAt = receivedAt + life;
        var staleAt = expiresAt - buffer;
        var refreshAt = expiresAt - window - Part(window, 0.1 * jitter);
        return new TokenSchedule(refreshAt < staleAt ? refreshAt : staleAt, staleAt, expiresAt);
    }

    private static TimeSpan Part(TimeSpan whole, double share) => TimeSpan.FromTicks((long)(whole.Ticks * share));

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
