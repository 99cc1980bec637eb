using TokenRefresh.Protocol;

namespace TokenRefresh.Handling;

/// <summary>
/// Replaces content during one send, and knows whether the platform has begun to read it, and when it no longer reads it. Over HTTP/2 and
/// HTTP/3 a response can arrive while content of an app's own type is still being sent. With <c>Expect: 100-continue</c> a response can
/// arrive before anything is read. Then content that can be read once is still whole.
/// </summary>
internal sealed class ReplayableUpload(HttpContent content) : TrackedContent(content)
{
    /// <summary>How long a second send waits until the first one no longer reads the content.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(2);

    private readonly object _lock = new();
    private bool _isClosed;

    // The end of every read that has begun; null if none has.
    private Task? _released;

    /// <summary>Whether nothing of the content has been sent. It stays so once the upload is closed.</summary>
    public bool IsUnread => Volatile.Read(ref _released) is null;

    /// <summary>
    /// Whether a request needs a replacement: its content can't be read twice at once, and its connection may send and receive at once; or
    /// its content can be sent once, and waits for the server's consent.
    /// </summary>
    public static bool IsNeededFor(HttpRequestMessage request) => request.Content is { } content
        && ((IsDuplex(request) && (content is IReplayableContent || RequestReplay.IsGrpcMessage(content)))
            || (request.Headers.ExpectContinue == true && !RequestReplay.CanReplay(content)));

    /// <summary>Gives the request its own content back. The platform may still be sending it.</summary>
    public static void End(HttpRequestMessage request)
    {
        if (request.Content is ReplayableUpload upload)
        {
            request.Content = upload.Content;
        }
    }

    /// <summary>
    /// Ends this send's use of the content, and waits until the platform no longer reads it. After that the platform can't begin to read:
    /// the timer of <c>Expect: 100-continue</c> may end while the 401 is examined.
    /// </summary>
    /// <returns><see langword="false"/> if the platform still reads the content after two seconds.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<bool> CloseAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        Task released;
        lock (_lock)
        {
            _isClosed = true;
            released = _released ?? Task.CompletedTask;
        }

        try
        {
            await released.WaitAsync(MaxWait, time, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    protected override IDisposable BeginReading()
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                throw new OperationCanceledException("The request is sent again, so this send no longer reads its content.");
            }

            // An inner handler may have left an earlier attempt that still reads.
            var ended = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            _released = Task.WhenAll(_released ?? Task.CompletedTask, ended.Task);
            return new OnDispose(() => ended.TrySetResult(true));
        }
    }

    private static bool IsDuplex(HttpRequestMessage request) =>
#if NET8_0_OR_GREATER
        request.Version.Major >= 2 || request.VersionPolicy == HttpVersionPolicy.RequestVersionOrHigher;
#else
        request.Version.Major >= 2;
#endif
}
