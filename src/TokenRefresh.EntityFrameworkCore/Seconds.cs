namespace TokenRefresh.EntityFrameworkCore;

/// <summary>Spans of time in the form in which databases add them to their clock.</summary>
internal static class Seconds
{
    // Databases add seconds as 32-bit integers.
    public static readonly TimeSpan Longest = TimeSpan.FromDays(50 * 365);

    /// <summary>Whole seconds, rounded up: MySQL rounds to them, and SQL Server cuts the rest off.</summary>
    public static double Of(TimeSpan span) => Math.Ceiling((span < Longest ? span : Longest).TotalSeconds);
}
