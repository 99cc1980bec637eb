using System.Text.Json.Serialization.Metadata;

namespace TokenRefresh.Handling;

/// <summary>Coyote can't rewrite a method without a body, which the library's own accessor is. No schedule sends JSON.</summary>
internal static class JsonContentAccess
{
    public static object? ValueOf(HttpContent json) => null;

    public static JsonTypeInfo? TypeInfoOf(HttpContent json, object value) => null;
}
