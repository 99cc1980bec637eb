using System.Runtime.CompilerServices;

namespace TokenRefresh.Testing;

/// <summary>The few assertions the rules are written in, so that no test framework is needed.</summary>
internal static class Check
{
    public static void Equal<T>(T expected, T actual, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new TokenAssertionException($"Expected {expected}, was {actual}: {what}.");
        }
    }

    public static void True(bool condition, [CallerArgumentExpression(nameof(condition))] string what = "") => Equal(true, condition, what);

    public static void InRange(TimeSpan actual, TimeSpan low, TimeSpan high, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        if (actual < low || actual > high)
        {
            throw new TokenAssertionException($"Expected {low} to {high}, was {actual}: {what}.");
        }
    }
}
