using System;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Protocol;

/// <summary>A token endpoint over HTTP: one POST, a response read within bounds, a result.</summary>
internal abstract class HttpTokenEndpoint(TokenRefreshOptions options, Func<HttpClient> backchannel, TimeProvider time) : ITokenEndpoint
{
    private readonly string _name = EndpointName.Of("the token endpoint", options.TokenEndpoint!);

    protected TokenRefreshOptions Options { get; } = options;

    public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
    {
        request.MayBeSent = false;
        try
        {
            using var message = CreateMessage(request);
            using var response = await backchannel()
                .SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            using var answer = await TokenResponse.ReadAsync(response, _name, time, cancellationToken).ConfigureAwait(false);
            return ResponseInterpreter.Interpret(Options, response, answer, Classify(answer, time.GetUtcNow()));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return request.MayBeSent
                ? EndpointExceptionClassifier.Classify(e, _name)
                : EndpointExceptionClassifier.ClassifyUnsent(e, _name);
        }
    }

    /// <summary>Writes the request's content, and the client's authentication.</summary>
    protected abstract HttpContent Write(HttpRequestMessage message, TokenEndpointRequest request);

    /// <summary>What the response means by the protocol.</summary>
    protected abstract TokenEndpointResult Classify(TokenResponse response, DateTimeOffset now);

    private HttpRequestMessage CreateMessage(TokenEndpointRequest request)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, Options.TokenEndpoint);
        message.Headers.Accept.ParseAdd("application/json");
        message.Content = new TrackedContent(Write(message, request), request);
        return message;
    }
}
