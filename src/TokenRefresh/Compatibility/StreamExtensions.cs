#if !NET8_0_OR_GREATER
using System.Runtime.InteropServices;

namespace TokenRefresh;

/// <summary>A method that streams have on later targets.</summary>
internal static class StreamExtensions
{
    /// <summary>Reads into memory that is a part of an array.</summary>
    public static Task<int> ReadAsync(this Stream stream, Memory<byte> buffer, CancellationToken cancellationToken) =>
        MemoryMarshal.TryGetArray(buffer, out ArraySegment<byte> array)
            ? stream.ReadAsync(array.Array, array.Offset, array.Count, cancellationToken)
            : throw new ArgumentException("The memory isn't that of an array.", nameof(buffer));
}
#endif
