namespace TokenRefresh.Options;

/// <summary>Checks the options that are times against their limits.</summary>
internal static class TimeLimits
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MaxInteractiveSignIn = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestIdleTimeout = TimeSpan.FromDays(24);
    private static readonly TimeSpan ShortestRecheck = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRecheck = TimeSpan.FromDays(1);

    /// <returns>A text for each limit; <see langword="null"/> if the limit is kept.</returns>
    public static IEnumerable<string?> FindFailures(TokenRefreshOptions options) =>
    [
        options.RefreshTimeout <= TimeSpan.Zero || options.RefreshTimeout > LongestTimeout
            ? $"RefreshTimeout is {options.RefreshTimeout}. Use more than zero, and at most {LongestTimeout}."
            : null,
        (options.UserIdleTimeout <= TimeSpan.Zero && options.UserIdleTimeout != Timeout.InfiniteTimeSpan)
            || options.UserIdleTimeout > LongestIdleTimeout
            ? $"UserIdleTimeout is {options.UserIdleTimeout}. Use more than zero, at most {LongestIdleTimeout}, or "
                + "Timeout.InfiniteTimeSpan for never."
            : null,
        options.InteractiveSignInTimeout <= TimeSpan.Zero || options.InteractiveSignInTimeout > MaxInteractiveSignIn
            ? $"InteractiveSignInTimeout is {options.InteractiveSignInTimeout}. "
                + $"Use more than zero, and at most {MaxInteractiveSignIn}."
            : null,
        options.MinRefreshInterval < TimeSpan.Zero
            ? $"MinRefreshInterval is {options.MinRefreshInterval}. Use zero or more."
            : null,
        options.RecheckInterval is { } recheck && recheck != TimeSpan.Zero && (recheck < ShortestRecheck || recheck > LongestRecheck)
            ? $"RecheckInterval is {recheck}. Use null or zero (never), or {ShortestRecheck} to {LongestRecheck}."
            : null,
        options.RefreshWindow < TimeSpan.Zero
            ? $"RefreshWindow is {options.RefreshWindow}. Use zero (no refresh in the background) or more."
            : null,
        options.ExpiryBuffer < TimeSpan.Zero
            ? $"ExpiryBuffer is {options.ExpiryBuffer}. Use zero or more."
            : null,
        options.ExpiryBuffer > options.RefreshWindow && options.RefreshWindow > TimeSpan.Zero
            ? $"ExpiryBuffer, {options.ExpiryBuffer}, is longer than RefreshWindow, {options.RefreshWindow}. A token must be "
                + "refreshed in the background before requests wait for a refresh: make ExpiryBuffer shorter."
            : null,
    ];
}
