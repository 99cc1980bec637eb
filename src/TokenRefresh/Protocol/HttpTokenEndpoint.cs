using System;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Protocol;

/// <summary>A token endpoint over HTTP: one POST, an answer read within bounds, a verdict.</summary>
internal abstract class HttpTokenEndpoint(TokenRefreshOptions options, Func<HttpClient> backchannel, TimeProvider time) : ITokenEndpoint
{
    // A query may hold a secret: it isn't shown.
    private readonly string _name = "the token endpoint " + options.TokenEndpoint!.GetComponents(
        UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    protected TokenRefreshOptions Options { get; } = options;

    public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, Options.TokenEndpoint);
        message.Headers.Accept.ParseAdd("application/json");
        Write(message, request);
        using var response = await backchannel().SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        using var answer = await TokenResponse.ReadAsync(response, _name, time, cancellationToken).ConfigureAwait(false);
        return Classify(answer, time.GetUtcNow());
    }

    protected abstract void Write(HttpRequestMessage message, TokenEndpointRequest request);

    protected abstract TokenEndpointResult Classify(TokenResponse answer, DateTimeOffset now);
}
