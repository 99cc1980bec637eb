using System;
using System.Net.Http;
using System.Threading.Tasks;

namespace TokenRefresh.Handling;

/// <summary>Can this content be sent a second time, and come out as the same bytes?</summary>
internal static class RequestReplay
{
    public static bool CanReplay(HttpContent? content) => content switch
    {
        null => true,
        IReplayableContent replayable => replayable.CanReplay,
        MultipartContent multipart => IsOwn(multipart, typeof(MultipartContent), typeof(MultipartFormDataContent)) && AllCanReplay(multipart),
        StreamContent stream => stream.GetType() == typeof(StreamContent) && IsSeekable(stream),
        ByteArrayContent bytes => IsOwn(bytes, typeof(ByteArrayContent), typeof(StringContent), typeof(FormUrlEncodedContent)),
        _ => content.GetType().FullName is "System.Net.Http.Json.JsonContent" or "System.Net.Http.ReadOnlyMemoryContent" or "System.Net.Http.EmptyContent",
    };

    /// <summary>Buffers content that could be sent only once, if its length is known and within the limit.</summary>
    public static Task BufferAsync(HttpContent? content, long limit) =>
        limit > 0 && content is not null && !CanReplay(content) && content.Headers.ContentLength is { } length && length <= limit
            ? content.LoadIntoBufferAsync(limit)
            : Task.CompletedTask;

    // A type derived from a framework's own may write whatever it likes: it has to say so itself.
    private static bool IsOwn(HttpContent content, params Type[] types) => Array.IndexOf(types, content.GetType()) >= 0;

    private static bool AllCanReplay(MultipartContent parts)
    {
        foreach (var part in parts)
        {
            if (!CanReplay(part))
            {
                return false;
            }
        }

        return true;
    }

    // StreamContent knows its length only where it can seek, and rewinds itself then. Reading the length of a multipart's part adds a
    // header to it, which would change the bytes on the wire: it is taken away again.
    private static bool IsSeekable(StreamContent content)
    {
        var isStated = content.Headers.Contains("Content-Length");
        if (!isStated)
        {
            var isSeekable = content.Headers.ContentLength is not null;
            content.Headers.Remove("Content-Length");
            return isSeekable;
        }

        var stated = content.Headers.ContentLength;
        content.Headers.Remove("Content-Length");
        var computed = content.Headers.ContentLength is not null;
        content.Headers.ContentLength = stated;
        return computed;
    }
}
