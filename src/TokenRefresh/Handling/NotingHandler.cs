namespace TokenRefresh.Handling;

/// <summary>Notes something about each request that passes.</summary>
internal sealed class NotingHandler(Action<HttpRequestMessage> note) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        note(request);
        return base.SendAsync(request, cancellationToken);
    }

#if NET8_0_OR_GREATER
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        note(request);
        return base.Send(request, cancellationToken);
    }
#endif
}
