using System.Diagnostics.CodeAnalysis;

namespace TokenRefresh;

/// <summary>The argument checks that netstandard2.0 lacks.</summary>
internal static class Require
{
    public static void NotNull([NotNull] object? value, string name)
    {
        if (value is null)
        {
            throw new ArgumentNullException(name);
        }
    }

    public static void NotEmpty([NotNull] string? value, string name)
    {
        NotNull(value, name);
        if (value.Length == 0)
        {
            throw new ArgumentException("The value is empty.", name);
        }
    }
}
