#if !NET8_0_OR_GREATER
namespace System.Runtime.CompilerServices;

// The compiler needs these types for init accessors and required members. It finds them by name, in any assembly.
[AttributeUsage(AttributeTargets.All, AllowMultiple = true, Inherited = false)]
internal sealed class CompilerFeatureRequiredAttribute(string featureName) : Attribute
{
    public string FeatureName { get; } = featureName;
}

[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Field | AttributeTargets.Property, Inherited = false)]
internal sealed class RequiredMemberAttribute : Attribute;

internal static class IsExternalInit;
#endif
