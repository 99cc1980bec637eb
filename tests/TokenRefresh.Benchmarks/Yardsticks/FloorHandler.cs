namespace TokenRefresh.Benchmarks.Yardsticks;

/// <summary>The least that a handler can do: it sets a header that is ready made.</summary>
internal sealed class FloorHandler(string header) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.TryAddWithoutValidation("Authorization", header);
        return base.SendAsync(request, cancellationToken);
    }
}
