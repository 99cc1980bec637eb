#if NET8_0_OR_GREATER
using System.Diagnostics.CodeAnalysis;
#endif
#if NET8_0_OR_GREATER
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
#else
using System.Reflection;
#endif
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace TokenRefresh.Handling;

/// <summary>Reads the value and the metadata that a <c>System.Net.Http.Json.JsonContent</c> serializes.</summary>
internal static class JsonContentAccess
{
    /// <summary>The value that is serialized.</summary>
    public static object? ValueOf(HttpContent json) =>
#if NET8_0_OR_GREATER
        ((JsonContent)json).Value;
#else
        json.GetType().GetProperty("Value")!.GetValue(json);
#endif

    /// <summary>
    /// The metadata that the content was created with. No public property returns it. Its options are the app's own, and may have generated
    /// metadata or converters. If it can't be read, the result is the default metadata of the value.
    /// </summary>
    /// <returns><see langword="null"/> if there is neither.</returns>
    public static JsonTypeInfo? TypeInfoOf(HttpContent json, object value) => Read(json) ?? DefaultFor(value);

#if NET8_0_OR_GREATER
    private static JsonTypeInfo? Read(HttpContent json)
    {
        try
        {
            return TypeInfoField((JsonContent)json);
        }
        catch (MissingFieldException)
        {
            return null;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_typeInfo")]
    private static extern ref JsonTypeInfo TypeInfoField(JsonContent json);

    [UnconditionalSuppressMessage(
        "Trimming",
        "IL2026",
        Justification = "Not used where reflection is off. A member that was trimmed isn't serialized by reflection either.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Not used where reflection is off.")]
    private static JsonTypeInfo? DefaultFor(object value) =>
        JsonSerializer.IsReflectionEnabledByDefault ? JsonSerializerOptions.Default.GetTypeInfo(value.GetType()) : null;
#else
    private static JsonTypeInfo? Read(HttpContent json) =>
        json.GetType().GetField("_typeInfo", BindingFlags.Instance | BindingFlags.NonPublic)?.GetValue(json) as JsonTypeInfo;

    private static JsonTypeInfo? DefaultFor(object value) => JsonSerializerOptions.Default.GetTypeInfo(value.GetType());
#endif
}
