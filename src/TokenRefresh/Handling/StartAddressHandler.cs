using System.Net.Http;

namespace TokenRefresh.Handling;

/// <summary>Notes the address that the caller named. It is the outermost handler: service discovery below it rewrites the address.</summary>
internal sealed class StartAddressHandler : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        RequestState.SetStartAddress(request);
        return base.SendAsync(request, cancellationToken);
    }

#if NET8_0_OR_GREATER
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        RequestState.SetStartAddress(request);
        return base.Send(request, cancellationToken);
    }
#endif
}
