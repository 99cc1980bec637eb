#if !NET8_0_OR_GREATER
namespace System;

/// <summary>A position from the start or the end. The compiler needs the type for list patterns.</summary>
internal readonly struct Index(int value, bool fromEnd = false)
{
    public static implicit operator Index(int value) => new(value);

    public int GetOffset(int length) => fromEnd ? length - value : value;
}
#endif
