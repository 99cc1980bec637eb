#if !NET8_0_OR_GREATER
using System.Runtime.InteropServices;
#endif

namespace TokenRefresh;

/// <summary>Operations on streams of any type.</summary>
internal static class StreamExtensions
{
    // Most token responses fit. For longer ones the array is doubled.
    private const int InitialSize = 2 * 1024;

    /// <summary>Reads to the end of the stream, or the first <paramref name="limit"/> bytes.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadUpToAsync(this Stream stream, int limit, CancellationToken cancellationToken)
    {
        var bytes = new byte[Math.Min(InitialSize, limit)];
        var length = 0;
        while (length < limit)
        {
            if (length == bytes.Length)
            {
                Array.Resize(ref bytes, Math.Min(2 * length, limit));
            }

            var read = await stream.ReadAsync(bytes.AsMemory(length), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            length += read;
        }

        return bytes.AsMemory(0, length);
    }

#if !NET8_0_OR_GREATER
    /// <summary>Reads into memory that is a part of an array, as streams can on later targets.</summary>
    public static Task<int> ReadAsync(this Stream stream, Memory<byte> buffer, CancellationToken cancellationToken) =>
        MemoryMarshal.TryGetArray(buffer, out ArraySegment<byte> array)
            ? stream.ReadAsync(array.Array, array.Offset, array.Count, cancellationToken)
            : throw new ArgumentException("The memory isn't that of an array.", nameof(buffer));
#endif
}
