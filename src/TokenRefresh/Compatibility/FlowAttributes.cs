#if !NET8_0_OR_GREATER
namespace System.Diagnostics.CodeAnalysis;

// The compiler needs these attributes for null checks.
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class NotNullAttribute : Attribute;

[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class NotNullWhenAttribute(bool returnValue) : Attribute
{
    public bool ReturnValue { get; } = returnValue;
}

// The analyzers of trimming and native AOT read it in the other builds.
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class UnconditionalSuppressMessageAttribute(string category, string checkId) : Attribute
{
    public string Category { get; } = category;

    public string CheckId { get; } = checkId;

    public string? Justification { get; set; }
}
#endif
