using System.Diagnostics.CodeAnalysis;
#if NET8_0_OR_GREATER
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
#else
using System.Reflection;
#endif
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace TokenRefresh.Handling;

/// <summary>
/// Reads the value and the metadata that a <c>System.Net.Http.Json.JsonContent</c> or a <c>System.Net.Http.ObjectContent</c> serializes.
/// </summary>
internal static class JsonContentAccess
{
    /// <summary>The value that is serialized.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "The content reads the property itself.")]
    public static object? ValueOf(HttpContent content) =>
#if NET8_0_OR_GREATER
        content is JsonContent json ? json.Value :
#endif
        content.GetType().GetProperty("Value")!.GetValue(content);

    /// <summary>
    /// The metadata that the content was created with. No public property returns it. Its options are the app's own, and may have generated
    /// metadata or converters. If it can't be read, the result is the default metadata of the value.
    /// </summary>
    /// <returns><see langword="null"/> if there is neither.</returns>
    public static JsonTypeInfo? TypeInfoOf(HttpContent content, object value) => Read(content) ?? DefaultFor(value);

#if NET8_0_OR_GREATER
    private static JsonTypeInfo? Read(HttpContent content)
    {
        try
        {
            return content is JsonContent json ? TypeInfoField(json) : null;
        }
        catch (MissingFieldException)
        {
            return null;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_typeInfo")]
    private static extern ref JsonTypeInfo TypeInfoField(JsonContent json);
#else
    private static JsonTypeInfo? Read(HttpContent content) =>
        content.GetType().GetField("_typeInfo", BindingFlags.Instance | BindingFlags.NonPublic)?.GetValue(content) as JsonTypeInfo;
#endif

    [UnconditionalSuppressMessage(
        "Trimming",
        "IL2026",
        Justification = "Not used where reflection is off. A member that was trimmed isn't serialized by reflection either.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Not used where reflection is off.")]
    private static JsonTypeInfo? DefaultFor(object value) =>
        JsonSerializer.IsReflectionEnabledByDefault ? JsonSerializerOptions.Default.GetTypeInfo(value.GetType()) : null;
}
