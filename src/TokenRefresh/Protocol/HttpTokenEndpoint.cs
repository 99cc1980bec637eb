namespace TokenRefresh.Protocol;

/// <summary>
/// The token endpoint of <see cref="TokenRefreshOptions.Protocol"/>, over HTTP: one POST, a response read within bounds, a result.
/// </summary>
/// <remarks>Discovery is <see langword="null"/> if the options name the endpoint.</remarks>
internal sealed class HttpTokenEndpoint(
    TokenRefreshOptions options, Func<HttpClient> backchannel, Discovery? discovery, TimeProvider time) : ITokenEndpoint
{
    public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
    {
        request.MayBeSent = false;
        if (discovery is null)
        {
            return await SendAsync(request, options.TokenEndpoint!, cancellationToken).ConfigureAwait(false);
        }

        var discovered = await discovery.GetAsync(cancellationToken).ConfigureAwait(false);
        if (discovered.Document is not { } document)
        {
            return discovered.Failure!;
        }

        try
        {
            var result = await SendAsync(request, document.TokenEndpoint, cancellationToken).ConfigureAwait(false);
            if (result.SuspectOption is not null || (result.Exception is HttpRequestException && !request.MayBeSent))
            {
                // The path or the host may have moved. The next attempt fetches the document again.
                discovery.ReportMissing(document);
            }

            return result;
        }
        catch (OperationCanceledException) when (!request.MayBeSent)
        {
            // No connection before the flight's deadline.
            discovery.ReportMissing(document);
            throw;
        }
    }

    private async Task<TokenEndpointResult> SendAsync(TokenEndpointRequest request, Uri address, CancellationToken cancellationToken)
    {
        var name = "the token endpoint " + Origin.WithPath(address);
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, address);
            message.Headers.Accept.ParseAdd("application/json");
            message.Content = new TokenRequestContent(Write(message, request), request);
            using var response = await backchannel().SendBackchannelAsync(message, cancellationToken).ConfigureAwait(false);
            using var answer = await TokenResponse.ReadAsync(response, name, time, cancellationToken).ConfigureAwait(false);
            answer.Option = discovery?.Option ?? nameof(options.TokenEndpoint);
            return Interpret(response, answer, Classify(answer, time.GetUtcNow()));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return request.MayBeSent
                ? EndpointExceptionClassifier.Classify(e, name)
                : EndpointExceptionClassifier.ClassifyUnsent(e, name);
        }
    }

    private HttpContent Write(HttpRequestMessage message, TokenEndpointRequest request) =>
        options.Protocol == TokenEndpointProtocol.SimpleJwt
            ? EndpointContent.SimpleJwt(request.RefreshToken!, options)
            : EndpointContent.OAuth(message, request, options);

    private TokenEndpointResult Classify(TokenResponse response, DateTimeOffset now) =>
        options.Protocol == TokenEndpointProtocol.SimpleJwt
            ? TokenResponseClassifier.SimpleJwt(response, now)
            : TokenResponseClassifier.OAuth(response, options.Scheme, now);

    // The app may interpret the response. A new refresh token is kept however the app interprets it.
    private TokenEndpointResult Interpret(HttpResponseMessage response, TokenResponse read, TokenEndpointResult byProtocol)
    {
        if (options.InterpretTokenResponse is not { } interpret)
        {
            return byProtocol;
        }

        var newRefreshToken = byProtocol.Tokens?.RefreshToken ?? byProtocol.NewRefreshToken;
        try
        {
            return interpret(new TokenEndpointResponse(response, read.Fields))?.KeepNewRefreshToken(newRefreshToken) ?? byProtocol;
        }
        catch (Exception e)
        {
            // The app's exception may quote the response, so only its type is passed on.
            var failed = TokenEndpointResult.Misconfigured(
                $"the option InterpretTokenResponse threw {e.GetType().Name}. Correct that function, or return null for the default.",
                newRefreshToken: newRefreshToken);
            return byProtocol.RefreshTokenMayBeUsed ? failed.AsPossiblyUsed() : failed;
        }
    }

    // Before the content is read, nothing of it has left this process, whatever exception the transport throws. For example, a connect
    // timeout throws the same exception as a response that didn't come.
    private sealed class TokenRequestContent(HttpContent content, TokenEndpointRequest request) : TrackedContent(content)
    {
        protected override IDisposable? BeginReading()
        {
            if (request.IsTooLate?.Invoke() == true)
            {
                throw new TimeoutException("The lease ended before the request was sent.");
            }

            request.MayBeSent = true;
            return null;
        }
    }
}
