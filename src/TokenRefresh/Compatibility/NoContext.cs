namespace TokenRefresh;

/// <summary>
/// Starts work that outlives its caller, such as a timer, without the caller's execution context. Otherwise the values of the first
/// request, such as its user and its trace, would stay in memory as long as the work.
/// </summary>
internal static class NoContext
{
    public static T Start<T>(Func<T> start)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return start();
        }

        using (ExecutionContext.SuppressFlow())
        {
            return start();
        }
    }
}
