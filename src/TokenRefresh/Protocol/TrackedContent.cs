using System.Net;

namespace TokenRefresh.Protocol;

/// <summary>Stands in for content while it is sent, and notes when the transport, or a handler, reads it.</summary>
internal abstract class TrackedContent : HttpContent
{
    protected TrackedContent(HttpContent content)
    {
        Content = content;
        content.CopyHeadersTo(this);
    }

    public HttpContent Content { get; }

    /// <summary>Called before anything is read. The result is disposed when the content has been written.</summary>
    protected abstract IDisposable? BeginReading();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        using var reading = BeginReading();
        await Content.CopyToAsync(stream, context).ConfigureAwait(false);
    }

    // Otherwise the base class would buffer the whole content for an inner handler that reads it as a stream.
    protected override Task<Stream> CreateContentReadStreamAsync()
    {
        BeginReading()?.Dispose();
        return Content.ReadAsStreamAsync();
    }

#if NET8_0_OR_GREATER
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var reading = BeginReading();
        await Content.CopyToAsync(stream, context, cancellationToken).ConfigureAwait(false);
    }

    protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var reading = BeginReading();
        Content.CopyTo(stream, context, cancellationToken);
    }

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken)
    {
        BeginReading()?.Dispose();
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
}
