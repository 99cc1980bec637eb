namespace TokenRefresh.Handling;

/// <summary>Decides whether content can be sent a second time as the same bytes, and prepares it for that.</summary>
internal static class RequestReplay
{
    private const string ContentLength = "Content-Length";

    /// <summary>Whether the content can be sent again. Content that can't be examined, such as disposed content, can't.</summary>
    /// <param name="content">The content of the first send.</param>
    /// <param name="isBuffered">Whether it was buffered, so that its kind doesn't matter.</param>
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
    /// <param name="sent">The request.</param>
    /// <param name="content">The content that it was sent with.</param>
    /// <param name="cancellationToken">Cancels the wait for the first send.</param>
    /// <returns><see langword="false"/> if the content can't be sent again after all.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async ValueTask<bool> PrepareAsync(SentRequest sent, HttpContent content, CancellationToken cancellationToken)
    {
        if (content is ReplayableUpload upload
            && !await upload.IsReleasedAsync(sent.Session.Services.Time, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        return CanReplay(content, sent.IsBuffered)
            && (ReferenceEquals(sent.Request.Content, content) || await PutBackAsync(sent.Request, content).ConfigureAwait(false));
    }

    // An inner handler may have replaced the content, to compress or encrypt it. In the second send it replaces the restored content again.
    private static async Task<bool> PutBackAsync(HttpRequestMessage request, HttpContent content)
    {
        if (request.Content is null && (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head))
        {
            // .NET followed a redirect, which made it another request without content.
            return true;
        }

        if (content is ReplayableUpload { IsUnread: true })
        {
            // To open it would read a whole upload into memory.
            request.Content = content;
            return true;
        }

        try
        {
            // The handler may have read the content as a stream. The content keeps that stream at its last position.
            var stream = await content.ReadAsStreamAsync().ConfigureAwait(false);
            stream.Position = stream.Length - (LengthOf(content) ?? stream.Length);
        }
        catch (Exception)
        {
            return false;
        }

        request.Content = content;
        return true;
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
        "System.Net.Http.ByteArrayContent" or "System.Net.Http.StringContent" or "System.Net.Http.FormUrlEncodedContent"
            or "System.Net.Http.ReadOnlyMemoryContent" or "System.Net.Http.EmptyContent" => true,
        "System.Net.Http.StreamContent" => OpenStream(content).CanSeek,
        "System.Net.Http.MultipartContent" or "System.Net.Http.MultipartFormDataContent" => AreAllRepeatable((MultipartContent)content),
        "System.Net.Http.Json.JsonContent" => JsonReplay.CanReplay(content),

        // Microsoft.AspNet.WebApi.Client: a value and its formatter.
        "System.Net.Http.ObjectContent" => JsonReplay.CanReplay(content),

        // Grpc.Net.Client: one message.
        "Grpc.Net.Client.Internal.PushUnaryContent`2" or "Grpc.Net.Client.Internal.WinHttpUnaryContent`2" => true,

        // Flurl.Http: opens its file for each send.
        "Flurl.Http.Content.FileContent" => true,
        _ => false,
    };

    private static bool AreAllRepeatable(MultipartContent parts)
    {
        foreach (var part in parts)
        {
            if (!IsRepeatable(part))
            {
                return false;
            }
        }

        return true;
    }

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
