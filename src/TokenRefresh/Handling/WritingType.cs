using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace TokenRefresh.Handling;

/// <summary>
/// Finds the type whose code writes the bytes of a content. A derived type that overrides nothing of that writes what its base type writes:
/// clients derive from the framework's contents to keep the text for their logs.
/// </summary>
internal static class WritingType
{
    private static readonly ConditionalWeakTable<Type, string> Names = new();

    /// <summary>The type's namespace and name, without type arguments.</summary>
    public static string NameOf(HttpContent content) => Names.GetValue(content.GetType(), static type => FullName(Find(type)));

    private static string FullName(Type type) => $"{type.Namespace}.{type.Name}";

    private static Type Find(Type type)
    {
#if NET8_0_OR_GREATER
        if (!RuntimeFeature.IsDynamicCodeSupported)
        {
            return type;
        }

#endif
        while (type.BaseType is { } baseType && baseType != typeof(HttpContent) && !Writes(type))
        {
            type = baseType;
        }

        return type;
    }

    [UnconditionalSuppressMessage(
        "Trimming",
        "IL2070",
        Justification = "An override of a method that is called is kept. Native AOT, which drops its name, doesn't get here.")]
    private static bool Writes(Type type) => Array.Exists(
        type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly),
        method => method.IsVirtual
            && method.Name != nameof(IDisposable.Dispose)
            && method.GetBaseDefinition().DeclaringType == typeof(HttpContent));
}
