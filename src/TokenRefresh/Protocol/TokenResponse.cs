namespace TokenRefresh.Protocol;

/// <summary>A token endpoint's response, read up to a limit. It has only the values that the classifiers need.</summary>
internal sealed class TokenResponse(int status) : IDisposable
{
    /// <summary>In bytes, counted after decompression. Some servers send tokens of 70 KB.</summary>
    public const int MaxBodySize = 1024 * 1024;

    public int Status { get; } = status;

    /// <summary>Whether it is a redirect. A browser hides the status of a redirect that it doesn't follow: zero.</summary>
    public bool IsRedirect => Status is 0 or (>= 300 and < 400);

    /// <summary>The endpoint's name in messages: its URL without query.</summary>
    public string Endpoint { get; init; } = "the token endpoint";

    /// <summary>The option that the endpoint's URL comes from, for messages.</summary>
    public string Option { get; set; } = nameof(TokenRefreshOptions.TokenEndpoint);

    /// <summary>Whether the URL comes from a discovery document.</summary>
    public bool IsDiscovered => Option != nameof(TokenRefreshOptions.TokenEndpoint);

    /// <summary>The members of the body; <see langword="null"/> if <see cref="Body"/> says that it can't be read.</summary>
    public TokenFields? Fields { get; init; }

    /// <summary>How far the body was read.</summary>
    public ResponseBodyState Body { get; init; }

    /// <summary>How long the server asked to wait; <see langword="null"/> if it didn't.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The server's clock when it answered.</summary>
    public DateTimeOffset? Date { get; init; }

    /// <summary>Reads a response whose body hasn't been read.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<TokenResponse> ReadAsync(
        HttpResponseMessage response, string endpoint, TimeProvider time, CancellationToken cancellationToken)
    {
        var (fields, body) = await ReadBodyAsync(response.Content, cancellationToken).ConfigureAwait(false);
        var date = response.Headers.Date;
        return new TokenResponse((int)response.StatusCode)
        {
            Endpoint = endpoint,
            Fields = fields,
            Body = body,
            Date = date,
            RetryAfter = ReadRetryAfter(response, date ?? time.GetUtcNow()),
        };
    }

    public void Dispose() => Fields?.Dispose();

    public override string ToString() => $"[token response {Status}]";

    private static async Task<(TokenFields? Fields, ResponseBodyState State)> ReadBodyAsync(
        HttpContent? content, CancellationToken cancellationToken)
    {
        if (content is null)
        {
            return (null, ResponseBodyState.Empty);
        }

        ReadOnlyMemory<byte> body;
        try
        {
            using var stream = await content.OpenAsync(cancellationToken).ConfigureAwait(false);

            // One byte beyond the limit shows that there is more.
            body = await stream.ReadUpToAsync(MaxBodySize + 1, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested
            && e is HttpRequestException or IOException or InvalidDataException)
        {
            return (null, ResponseBodyState.CutOff);
        }

        if (body.Length > MaxBodySize)
        {
            return (null, ResponseBodyState.TooLong);
        }

        var decoded = await ContentCoding.DecodeAsync(body, content, MaxBodySize).ConfigureAwait(false);
        return Parse(decoded.Span, content);
    }

    private static (TokenFields? Fields, ResponseBodyState State) Parse(ReadOnlySpan<byte> body, HttpContent content) =>
        body.IsEmpty ? (null, ResponseBodyState.Empty)
        : body.Length > MaxBodySize ? (null, ResponseBodyState.TooLong)
        : TokenFields.Read(body, content.Headers.ContentType) is { } fields ? (fields, ResponseBodyState.Parsed)
        : (null, ResponseBodyState.NotParsed);

    // RFC 9110, section 10.2.3: seconds, or a date by the server's clock. Zero or a date in the past counts as absent, so it doesn't
    // shorten our own pause.
    private static TimeSpan? ReadRetryAfter(HttpResponseMessage response, DateTimeOffset now)
    {
        // Some servers send a fraction, which .NET doesn't parse.
        var pause = response.Headers.RetryAfter is { } parsed ? parsed.Delta ?? parsed.Date - now
            : response.Headers.TryGetValues("Retry-After", out var values) ? TokenFields.ParseSeconds(values.First())
            : null;
        return pause > TimeSpan.Zero ? pause : null;
    }
}

/// <summary>How far the body of a token endpoint's response was read.</summary>
internal enum ResponseBodyState
{
    /// <summary>The body is neither JSON nor a form, or it is JSON without its end.</summary>
    NotParsed,

    /// <summary>A JSON object or array, or a form.</summary>
    Parsed,

    /// <summary>There is no body.</summary>
    Empty,

    /// <summary>The connection broke within the body, or the compression is damaged.</summary>
    CutOff,

    /// <summary>Longer than <see cref="TokenResponse.MaxBodySize"/>.</summary>
    TooLong,
}
