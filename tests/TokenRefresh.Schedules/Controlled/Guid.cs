namespace TokenRefresh;

/// <summary>Found before the system's from inside this namespace: unique, and no source of chance that Coyote couldn't repeat.</summary>
internal static class Guid
{
    private static int _last;

    public static System.Guid NewGuid() => new(Interlocked.Increment(ref _last), 0, 0, new byte[8]);
}
