namespace TokenRefresh.Handling;

/// <summary>Decides whether content can be sent a second time as the same bytes, and prepares it for that.</summary>
internal static class RequestReplay
{
    private const string ContentLength = "Content-Length";
    private const string GrpcMessage = "Grpc.Net.Client.Internal.PushUnaryContent`2";

    private static readonly HashSet<string> WritersOfSameBytes = new(StringComparer.Ordinal)
    {
        "System.Net.Http.ByteArrayContent",
        "System.Net.Http.StringContent",
        "System.Net.Http.FormUrlEncodedContent",
        "System.Net.Http.ReadOnlyMemoryContent",
        "System.Net.Http.EmptyContent",

        // Grpc.Net.Client: one message.
        GrpcMessage,
        "Grpc.Net.Client.Internal.WinHttpUnaryContent`2",

        // Flurl.Http: opens its file for each send.
        "Flurl.Http.Content.FileContent",
    };

    /// <summary>Whether the content can be sent again. Content that can't be examined, such as disposed content, can't.</summary>
    public static bool CanReplay(HttpContent? content, bool isBuffered = false)
    {
        try
        {
            return content is null || ((isBuffered || IsRepeatable(content)) && !IsDisposed(content));
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether this is the message of a gRPC call. In many versions of Grpc.Net.Client, all sends of a call share one buffer of a pool. The
    /// end of a send returns the buffer, and another call fills it.
    /// </summary>
    public static bool IsGrpcMessage(HttpContent content) => WritingType.NameOf(content) == GrpcMessage;

    /// <summary>Buffers content that could be sent only once, if its length is known and within the limit.</summary>
    /// <returns>Whether it was buffered. Buffered content of any kind can be sent again.</returns>
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

        // Some content ignores the cancellation, and before .NET 9 no content gets it.
        await loading.WaitOrLeaveAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Prepares the second send: waits until the first one no longer reads the content, and restores the content.</summary>
    /// <returns><see langword="false"/> if the content can't be sent again after all.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async ValueTask<bool> PrepareAsync(SentRequest sent, HttpContent content, CancellationToken cancellationToken)
    {
        var upload = content as ReplayableUpload;
        if (upload is not null && !await upload.CloseAsync(sent.Session.Services.Time, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        if (!CanReplay(content, sent.IsBuffered))
        {
            return false;
        }

        var request = sent.Request;
        if (request.Content is null && (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head))
        {
            // .NET followed a redirect, which made it another request without content.
            return true;
        }

        // An inner handler may have replaced the content, to compress or encrypt it. In the second send it replaces the restored content
        // again. An upload that is unread isn't opened, because that would read all of it into memory.
        if (!ReferenceEquals(request.Content, content)
            && upload is not { IsUnread: true }
            && !await RewindAsync(upload?.Content ?? content).ConfigureAwait(false))
        {
            return false;
        }

        request.Content = upload is null ? content : new ReplayableUpload(upload.Content);
        return true;
    }

    // A handler may have read the content as a stream. The content keeps that stream at its last position.
    private static async Task<bool> RewindAsync(HttpContent content)
    {
        try
        {
            var stream = await content.ReadAsStreamAsync().ConfigureAwait(false);
            stream.Position = stream.Length - (LengthOf(content) ?? stream.Length);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    private static bool IsRepeatable(HttpContent content) => content switch
    {
        ReplayableUpload upload => upload.IsUnread || IsRepeatable(upload.Content),
        IReplayableContent replayable => replayable.CanReplay,
        _ => IsRepeatable(content, WritingType.NameOf(content)),
    };

    // A type that writes its bytes itself may write anything. It must implement IReplayableContent to be sent again.
    private static bool IsRepeatable(HttpContent content, string writer) => writer switch
    {
        "System.Net.Http.StreamContent" => OpenStream(content).CanSeek,
        "System.Net.Http.MultipartContent" or "System.Net.Http.MultipartFormDataContent" => ((MultipartContent)content).All(IsRepeatable),

        // ObjectContent of Microsoft.AspNet.WebApi.Client has a value and its formatter.
        "System.Net.Http.Json.JsonContent" or "System.Net.Http.ObjectContent" => JsonReplay.CanReplay(content),
        _ => WritersOfSameBytes.Contains(writer),
    };

    // Both throw for disposed content.
    private static bool IsDisposed(HttpContent content)
    {
        if (content is ByteArrayContent)
        {
            _ = OpenStream(content);
        }

        _ = LengthOf(content);
        return false;
    }

    // Reading the length adds a header. The second send must not differ from the first, so the header is removed again.
    private static long? LengthOf(HttpContent content)
    {
        var isStated = content.Headers.Contains(ContentLength);
        var length = content.Headers.ContentLength;
        if (!isStated)
        {
            content.Headers.Remove(ContentLength);
        }

        return length;
    }

    // StreamContent rewinds its stream if the stream can seek. The stream says so without being read.
    private static Stream OpenStream(HttpContent content)
    {
#if NET8_0_OR_GREATER
        try
        {
            return content.ReadAsStream();
        }
        catch (HttpRequestException)
        {
            // A handler has called ReadAsStreamAsync. After that only the same method returns the stream.
        }
#endif
        return content.ReadAsStreamAsync().GetAwaiter().GetResult();
    }
}
