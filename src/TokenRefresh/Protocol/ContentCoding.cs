using System.IO.Compression;

namespace TokenRefresh.Protocol;

/// <summary>
/// Decompresses a body that the transport left compressed. It does so without <c>AutomaticDecompression</c>, if a handler or a default
/// header of the app asked for compression.
/// </summary>
internal static class ContentCoding
{
    /// <summary>
    /// Decompresses a body in memory (RFC 9110, section 8.4.1). If there are more bytes than the limit, the result is one byte longer.
    /// </summary>
    /// <returns>
    /// The body itself, if it can't be decompressed. Browsers, and some handlers, decompress a body and leave the header that says so.
    /// </returns>
    public static async ValueTask<ReadOnlyMemory<byte>> DecodeAsync(ReadOnlyMemory<byte> body, HttpContent content, int limit)
    {
        try
        {
            using var stream = Open(body, content);
            return stream is null ? body : await stream.ReadUpToAsync(limit + 1, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Each decompressor throws exceptions of its own at damaged data.
            return body;
        }
    }

#pragma warning disable CA1859 // The build for .NET Standard has one decompressor only.
    private static Stream? Open(ReadOnlyMemory<byte> body, HttpContent content) =>
#pragma warning restore CA1859
        (content.Headers.ContentEncoding.Count == 1 ? content.Headers.ContentEncoding.First().ToUpperInvariant() : null) switch
        {
            "GZIP" or "X-GZIP" => new GZipStream(ToStream(body), CompressionMode.Decompress),
#if NET8_0_OR_GREATER
            "BR" when !OperatingSystem.IsBrowser() => new BrotliStream(ToStream(body), CompressionMode.Decompress),
            "DEFLATE" => new ZLibStream(ToStream(body), CompressionMode.Decompress),
#endif
            _ => null,
        };

    private static MemoryStream ToStream(ReadOnlyMemory<byte> body) => new(body.ToArray(), writable: false);
}
