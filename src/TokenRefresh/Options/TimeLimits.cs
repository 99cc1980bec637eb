namespace TokenRefresh.Options;

/// <summary>Checks the options that are times against their limits.</summary>
internal static class TimeLimits
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MaxInteractiveSignIn = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestIdleTimeout = TimeSpan.FromDays(24);
    private static readonly TimeSpan ShortestRecheck = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRecheck = TimeSpan.FromDays(1);

    public static IEnumerable<string> FindFailures(TokenRefreshOptions options) => [.. OfWaits(options), .. OfTokens(options)];

    private static IEnumerable<string> OfWaits(TokenRefreshOptions options)
    {
        if (options.RefreshTimeout <= TimeSpan.Zero || options.RefreshTimeout > LongestTimeout)
        {
            yield return $"RefreshTimeout is {options.RefreshTimeout}. Use more than zero, and at most {LongestTimeout}.";
        }

        if ((options.UserIdleTimeout <= TimeSpan.Zero && options.UserIdleTimeout != Timeout.InfiniteTimeSpan)
            || options.UserIdleTimeout > LongestIdleTimeout)
        {
            yield return $"UserIdleTimeout is {options.UserIdleTimeout}. Use more than zero, at most {LongestIdleTimeout}, or "
                + "Timeout.InfiniteTimeSpan for never.";
        }

        if (options.InteractiveSignInTimeout <= TimeSpan.Zero || options.InteractiveSignInTimeout > MaxInteractiveSignIn)
        {
            yield return $"InteractiveSignInTimeout is {options.InteractiveSignInTimeout}. "
                + $"Use more than zero, and at most {MaxInteractiveSignIn}.";
        }
    }

    private static IEnumerable<string> OfTokens(TokenRefreshOptions options)
    {
        if (options.MinRefreshInterval < TimeSpan.Zero)
        {
            yield return $"MinRefreshInterval is {options.MinRefreshInterval}. Use zero or more.";
        }

        if (options.RecheckInterval is { } recheck && recheck != TimeSpan.Zero && (recheck < ShortestRecheck || recheck > LongestRecheck))
        {
            yield return $"RecheckInterval is {recheck}. Use null or zero (never), or {ShortestRecheck} to {LongestRecheck}.";
        }

        if (options.RefreshWindow < TimeSpan.Zero)
        {
            yield return $"RefreshWindow is {options.RefreshWindow}. Use zero (no refresh in the background) or more.";
        }

        if (options.ExpiryBuffer < TimeSpan.Zero)
        {
            yield return $"ExpiryBuffer is {options.ExpiryBuffer}. Use zero or more.";
        }

        if (options.ExpiryBuffer > options.RefreshWindow && options.RefreshWindow > TimeSpan.Zero)
        {
            yield return $"ExpiryBuffer, {options.ExpiryBuffer}, is longer than RefreshWindow, {options.RefreshWindow}. A token must be "
                + "refreshed in the background before requests wait for a refresh: make ExpiryBuffer shorter.";
        }
    }
}
