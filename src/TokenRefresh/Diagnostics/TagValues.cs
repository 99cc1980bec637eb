using System.Text.Json;

namespace TokenRefresh.Diagnostics;

/// <summary>The values of tags. The only other values are the names of sessions.</summary>
internal static class TagValues
{
    public static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
