using System.IO.Compression;

namespace TokenRefresh;

/// <summary>
/// Decompresses a body that the transport left compressed: it does so without <c>AutomaticDecompression</c>, if a handler or a default
/// header of the app asked for compression.
/// </summary>
internal static class ContentCoding
{
    public static bool IsCompressed(HttpContent content) => content.Headers.ContentEncoding.Count > 0;

    /// <summary>Opens a body (RFC 9110, section 8.4.1). The caller limits how much of it is read.</summary>
    /// <returns>The body itself, if it isn't compressed or is so in a way that isn't known here.</returns>
    public static Stream Open(Stream body, HttpContent content) =>
        (content.Headers.ContentEncoding.Count == 1 ? content.Headers.ContentEncoding.First().ToUpperInvariant() : null) switch
        {
            "GZIP" or "X-GZIP" => new GZipStream(body, CompressionMode.Decompress),
#if NET8_0_OR_GREATER
            "BR" when !OperatingSystem.IsBrowser() => new BrotliStream(body, CompressionMode.Decompress),
            "DEFLATE" => new ZLibStream(body, CompressionMode.Decompress),
#endif
            _ => body,
        };

    /// <summary>Decompresses a body that is in memory.</summary>
    /// <returns><see langword="null"/> if it is damaged, or longer than the limit.</returns>
    public static ReadOnlyMemory<byte>? Decode(ReadOnlyMemory<byte> body, HttpContent content, int limit)
    {
        using var stream = Open(new MemoryStream(body.ToArray()), content);
        var decoded = new byte[limit + 1];
        var length = 0;
        try
        {
            while (length < decoded.Length && stream.Read(decoded, length, decoded.Length - length) is var count and > 0)
            {
                length += count;
            }
        }
        catch (InvalidDataException)
        {
            return null;
        }

        return length <= limit ? decoded.AsMemory(0, length) : null;
    }
}
