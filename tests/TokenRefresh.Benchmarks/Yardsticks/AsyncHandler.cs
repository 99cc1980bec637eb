using System.Net;

namespace TokenRefresh.Benchmarks.Yardsticks;

/// <summary>The least that a handler can do which looks at each response: an async method that sets a header and reads the status.</summary>
internal sealed class AsyncHandler(string header) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.TryAddWithoutValidation("Authorization", header);
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return response.StatusCode == HttpStatusCode.Unauthorized ? throw new InvalidOperationException("A benchmark was rejected.") : response;
    }
}
