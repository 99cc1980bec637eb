namespace TokenRefresh.Handling;

/// <summary>Decides whether content can be sent a second time as the same bytes, and prepares it for that.</summary>
internal static class RequestReplay
{
    private const string ContentLength = "Content-Length";

    /// <summary>Whether the content can be sent again. Content that can't be looked at, such as disposed content, can't.</summary>
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

        // Not all content ends at a cancellation, and before .NET 9 it doesn't get one.
        await loading.WaitOrLeaveAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Prepares the second send: the first one has let go of the content, and the request carries it again.</summary>
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

    // An inner handler replaced the content, to compress or encrypt it. It replaces this one in the same way.
    private static async Task<bool> PutBackAsync(HttpRequestMessage request, HttpContent content)
    {
        if (request.Content is null && (request.Method == HttpMethod.Get || request.Method == HttpMethod.Head))
        {
            // A redirect that was followed has made it another request.
            return true;
        }

        try
        {
            // The handler may have read the content as a stream, which the content keeps where it was left.
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
        ReplayableUpload upload => IsRepeatable(upload.Content),
        IReplayableContent replayable => replayable.CanReplay,
        MultipartContent multipart => IsOwn(multipart, typeof(MultipartContent), typeof(MultipartFormDataContent))
            && AreAllRepeatable(multipart),
        StreamContent stream => stream.GetType() == typeof(StreamContent) && OpenStream(stream).CanSeek,
        ByteArrayContent bytes => IsOwn(bytes, typeof(ByteArrayContent), typeof(StringContent), typeof(FormUrlEncodedContent)),
        _ => content.GetType().FullName switch
        {
            "System.Net.Http.Json.JsonContent" => JsonReplay.CanReplay(content),
            "System.Net.Http.ReadOnlyMemoryContent" or "System.Net.Http.EmptyContent" => true,
            _ => false,
        },
    };

    // A type derived from one of the framework's may write anything: it has to say itself that it can be replayed.
    private static bool IsOwn(HttpContent content, params Type[] types) => Array.IndexOf(types, content.GetType()) >= 0;

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

    // A length that is asked for becomes a header. The second send must not differ from the first.
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

    // StreamContent rewinds its stream if it can seek. Its stream shows that without being read.
    private static Stream OpenStream(HttpContent content)
    {
#if NET8_0_OR_GREATER
        try
        {
            return content.ReadAsStream();
        }
        catch (HttpRequestException)
        {
            // A handler has called ReadAsStreamAsync: from then on it is the only way to the same stream.
        }
#endif
        return content.ReadAsStreamAsync().GetAwaiter().GetResult();
    }
}
