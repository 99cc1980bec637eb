namespace TokenRefresh;

/// <summary>The shorter and the longer of two times. .NET has these for numbers only.</summary>
internal static class TimeSpans
{
    public static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    public static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
