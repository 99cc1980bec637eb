using System;
using System.Collections.Generic;
#if NET8_0_OR_GREATER
using System.Diagnostics.CodeAnalysis;
#endif
using System.Net.Http;
using System.Threading;
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
        _ => content.GetType().FullName switch
        {
            "System.Net.Http.Json.JsonContent" => !IsStreamed(content),
            "System.Net.Http.ReadOnlyMemoryContent" or "System.Net.Http.EmptyContent" => true,
            _ => false,
        },
    };

    /// <summary>Buffers content that could be sent only once, if its length is known and within the limit.</summary>
    /// <returns>Whether it was buffered, and so can be sent again whatever it is.</returns>
    public static async ValueTask<bool> BufferAsync(HttpContent? content, long limit, CancellationToken cancellationToken)
    {
        if (limit == 0 || content is null || CanReplay(content) || !(content.Headers.ContentLength <= limit))
        {
            return false;
        }

#if NET9_0_OR_GREATER
        var loading = content.LoadIntoBufferAsync(limit, cancellationToken);
#else
        var loading = content.LoadIntoBufferAsync(limit);
#endif

        // Not all content heeds a cancellation, and before .NET 9 it isn't even told.
        await loading.WaitOrLeaveAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }

    // A type derived from a framework's own may write whatever it likes: it has to say so itself.
    private static bool IsOwn(HttpContent content, params Type[] types) => Array.IndexOf(types, content.GetType()) >= 0;

    // Items that come one by one come once: a channel's would be an empty list the second time. The value tells, whatever it was declared as.
#if NET8_0_OR_GREATER
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "The serializer streams by this interface: where it does, it is there.")]
#endif
    private static bool IsStreamed(HttpContent json)
    {
#if NET8_0_OR_GREATER
        var value = ((System.Net.Http.Json.JsonContent)json).Value;
#else
        var value = json.GetType().GetProperty("Value")!.GetValue(json);
#endif
        return value is not null
            && Array.Exists(value.GetType().GetInterfaces(), type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>));
    }

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

    // StreamContent rewinds itself where it can seek. Its own stream tells, without being read; its length would tell too, but asking for
    // that adds a header to a multipart's part, and so changes the bytes on the wire.
    private static bool IsSeekable(StreamContent content)
    {
#if NET8_0_OR_GREATER
        return content.ReadAsStream().CanSeek;
#else
        return content.ReadAsStreamAsync().GetAwaiter().GetResult().CanSeek;
#endif
    }
}
