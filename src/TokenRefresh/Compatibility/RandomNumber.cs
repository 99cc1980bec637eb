namespace TokenRefresh;

/// <summary>A random number from 0 to 1, for any thread.</summary>
internal static class RandomNumber
{
#if NET8_0_OR_GREATER
    public static double Next() => Random.Shared.NextDouble();
#else
    public static double Next() => new Random(Guid.NewGuid().GetHashCode()).NextDouble();
#endif
}
