using System;
using System.IO;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Handling;

/// <summary>A 401 whose request is held: its body is taken off the connection, so that the connection is free for others.</summary>
internal static class HeldResponse
{
    private const int MaxBuffer = 64 * 1024;

    /// <summary>Buffers the body up to 64 KiB. A larger one stays on its connection; what was read of it is put in front again.</summary>
    public static Task BufferAsync(HttpResponseMessage response, CancellationToken cancellationToken) =>
        response.Content is null or ByteArrayContent or { Headers.ContentLength: 0 or > MaxBuffer }
            ? Task.CompletedTask
            : BufferContentAsync(response, cancellationToken);

    private static async Task BufferContentAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var content = response.Content;
        try
        {
#if NET8_0_OR_GREATER
            var body = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
#else
            var body = await content.ReadAsStreamAsync().ConfigureAwait(false);
#endif
            var read = new MemoryStream();
            var isWhole = await CopyAsync(body, read, cancellationToken).ConfigureAwait(false);
            read.Position = 0;
            response.Content = WithHeadersOf(content, new StreamContent(isWhole ? read : new PrefixedStream(read, body)));
        }
        catch (Exception)
        {
            // Cut off, or thrown away in favour of the second answer: whoever still reads it meets that there.
        }
    }

    private static async Task<bool> CopyAsync(Stream body, MemoryStream read, CancellationToken cancellationToken)
    {
        var chunk = new byte[4096];
        while (read.Length <= MaxBuffer)
        {
#if NET8_0_OR_GREATER
            var count = await body.ReadAsync(chunk, cancellationToken).ConfigureAwait(false);
#else
            var count = await body.ReadAsync(chunk, 0, chunk.Length, cancellationToken).ConfigureAwait(false);
#endif
            if (count == 0)
            {
                return true;
            }

            read.Write(chunk, 0, count);
        }

        return false;
    }

    private static HttpContent WithHeadersOf(HttpContent old, HttpContent content)
    {
        foreach (var header in old.Headers)
        {
            content.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        return content;
    }
}
