using System.Net;

namespace TokenRefresh.Protocol;

/// <summary>
/// Content that notes when the transport starts to read it. Before that nothing of it has left this process, whatever exception the
/// transport throws. For example, a connect timeout throws the same exception as a response that didn't come.
/// </summary>
internal sealed class TrackedContent : HttpContent
{
    private readonly HttpContent _inner;
    private readonly TokenEndpointRequest _request;

    /// <param name="inner">The content to send.</param>
    /// <param name="request">The request to mark as sent.</param>
    public TrackedContent(HttpContent inner, TokenEndpointRequest request)
    {
        _inner = inner;
        _request = request;
        foreach (var header in inner.Headers)
        {
            Headers.TryAddWithoutValidation(header.Key, header.Value);
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        _request.MayBeSent = true;
        return _inner.CopyToAsync(stream, context);
    }

#if NET8_0_OR_GREATER
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _request.MayBeSent = true;
        return _inner.CopyToAsync(stream, context, cancellationToken);
    }
#endif

    protected override bool TryComputeLength(out long length)
    {
        length = _inner.Headers.ContentLength ?? 0;
        return _inner.Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
