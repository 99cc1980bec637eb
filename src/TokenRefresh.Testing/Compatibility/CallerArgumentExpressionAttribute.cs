#if !NET8_0_OR_GREATER
namespace System.Runtime.CompilerServices;

// What the compiler needs to pass the text of an argument.
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class CallerArgumentExpressionAttribute(string parameterName) : Attribute
{
    public string ParameterName { get; } = parameterName;
}
#endif
