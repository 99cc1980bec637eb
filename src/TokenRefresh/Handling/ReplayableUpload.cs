using System.Net;

namespace TokenRefresh.Handling;

/// <summary>
/// Replaces content while it is sent, and knows whether the platform has begun to read it, and when it no longer reads it. Over HTTP/2 and
/// HTTP/3 a response can arrive while content of an app's own type is still being sent. With <c>Expect: 100-continue</c> a response can
/// arrive before anything is read. Then content that can be read once is still whole.
/// </summary>
internal sealed class ReplayableUpload : HttpContent
{
    /// <summary>How long a second send waits until the first one no longer reads the content.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(2);

    private volatile bool _isBegun;
    private volatile Task _serialization = Task.CompletedTask;

    private ReplayableUpload(HttpContent content)
    {
        Content = content;
        ResponseContent.CopyHeaders(content, this);
    }

    /// <summary>The caller's content.</summary>
    public HttpContent Content { get; }

    /// <summary>Whether nothing of the content has been sent.</summary>
    public bool IsUnread => !_isBegun;

    /// <summary>
    /// Whether a request needs a replacement: its content is of the app's own type, and its connection may send and receive at once; or its
    /// content can be sent once, and waits for the server's consent.
    /// </summary>
    public static bool IsNeededFor(HttpRequestMessage request) => request.Content is { } content
        && ((content is IReplayableContent && IsDuplex(request))
            || (request.Headers.ExpectContinue == true && !RequestReplay.CanReplay(content)));

    /// <summary>Replaces the content of the request, if it needs that.</summary>
    public static void BeginIfNeeded(HttpRequestMessage request)
    {
        if (IsNeededFor(request))
        {
            request.Content = new ReplayableUpload(request.Content!);
        }
    }

    /// <summary>Gives the request its own content back. The platform may still be sending it.</summary>
    public static void End(HttpRequestMessage request)
    {
        if (request.Content is ReplayableUpload upload)
        {
            request.Content = upload.Content;
        }
    }

    /// <summary>Waits until the platform no longer reads the content.</summary>
    /// <returns><see langword="false"/> if it still reads the content after two seconds.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<bool> IsReleasedAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await _serialization.WaitAsync(MaxWait, time, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        _isBegun = true;
        return Track(Content.CopyToAsync(stream, context));
    }

#if NET8_0_OR_GREATER
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _isBegun = true;
        return Track(Content.CopyToAsync(stream, context, cancellationToken));
    }

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _isBegun = true;
        Content.CopyTo(stream, context, cancellationToken);
    }
#endif

    // Otherwise the base class would buffer the whole content for an inner handler that reads it as a stream.
    protected override Task<Stream> CreateContentReadStreamAsync()
    {
        _isBegun = true;
        return Content.ReadAsStreamAsync();
    }

#if NET8_0_OR_GREATER
    protected override Stream CreateContentReadStream(CancellationToken cancellationToken)
    {
        _isBegun = true;
        return Content.ReadAsStream(cancellationToken);
    }
#endif

    protected override bool TryComputeLength(out long length)
    {
        length = Content.Headers.ContentLength ?? 0;
        return Content.Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Content.Dispose();
        }

        base.Dispose(disposing);
    }

    private static bool IsDuplex(HttpRequestMessage request) =>
#if NET8_0_OR_GREATER
        request.Version.Major >= 2 || request.VersionPolicy == HttpVersionPolicy.RequestVersionOrHigher;
#else
        request.Version.Major >= 2;
#endif

    private Task Track(Task serialization)
    {
        _serialization = serialization.ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return serialization;
    }
}
