using System.Net;

namespace TokenRefresh.Testing;

/// <summary>
/// An API in memory. It answers 200 to a token that the token server accepts, and 401 to any other. It records what it receives.
/// </summary>
/// <param name="tokens">The token server, which decides which access tokens are valid.</param>
public sealed class FakeApi(FakeTokenServer tokens) : HttpMessageHandler
{
    private readonly object _lock = new();
    private readonly List<ReceivedRequest> _received = [];
    private Gate? _gate;
    private Func<ReceivedRequest, HttpResponseMessage?>? _answer;

    /// <summary>The requests it received, in order.</summary>
    public IReadOnlyList<ReceivedRequest> Received
    {
        get
        {
            lock (_lock)
            {
                return [.. _received];
            }
        }
    }

    /// <summary>How many requests it received.</summary>
    public int Calls
    {
        get
        {
            lock (_lock)
            {
                return _received.Count;
            }
        }
    }

    /// <summary>How many requests it received with this access token, or without one.</summary>
    /// <param name="token">The token, or <see langword="null"/> for requests without a token.</param>
    /// <returns>The number of requests.</returns>
    public int CallsWith(string? token) => Received.Count(request => request.Token == token);

    /// <summary>Holds every call until the gate is opened. The API checks the token after the gate.</summary>
    /// <returns>The gate.</returns>
    public Gate Hold() => _gate = new Gate();

    /// <summary>Opens the gate of the last <see cref="Hold"/>: calls that wait and later calls pass.</summary>
    public void Release()
    {
        var gate = _gate;
        _gate = null;
        gate?.Open();
    }

    /// <summary>Sets the response to all calls from now on.</summary>
    /// <param name="answer">
    /// Creates the response. If it is <see langword="null"/> or returns <see langword="null"/>, the API answers as usual.
    /// </param>
    public void Answer(Func<ReceivedRequest, HttpResponseMessage?>? answer) => _answer = answer;

    /// <summary>Rejects every token.</summary>
    public void RejectEverything() => Answer(_ => new HttpResponseMessage(HttpStatusCode.Unauthorized));

#if NET
    /// <inheritdoc/>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, cancellationToken).GetAwaiter().GetResult();
#endif

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Require.NotNull(request, nameof(request));
        var received = await ReceiveAsync(request, cancellationToken);
        lock (_lock)
        {
            _received.Add(received);
        }

        if (_gate is { } gate)
        {
            await gate.PassAsync(cancellationToken);
        }

        var response = _answer?.Invoke(received)
            ?? new HttpResponseMessage(
                received.Token is { } token && tokens.Accepts(token) ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
        response.RequestMessage = request;
        return response;
    }

    private static async Task<ReceivedRequest> ReceiveAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // The content is written as a connection writes it, so nothing is buffered that the client didn't buffer.
        using var body = new MemoryStream();
        if (request.Content is not null)
        {
#if NET
            await request.Content.CopyToAsync(body, cancellationToken);
#else
            await request.Content.CopyToAsync(body);
#endif
        }

        var headers = RawHeaders(request).ToDictionary(header => header.Key, header => header.Value, StringComparer.OrdinalIgnoreCase);
        return new ReceivedRequest(
            request.Method,
            request.RequestUri!,
            headers.TryGetValue("Authorization", out var authorization) ? authorization : null,
            body.ToArray(),
            headers);
    }

    // The headers are read unparsed if the platform allows it, because they are sent unparsed.
    private static IEnumerable<KeyValuePair<string, string>> RawHeaders(HttpRequestMessage request) =>
#if NET
        request.Headers.NonValidated
            .Concat(request.Content?.Headers.NonValidated.AsEnumerable() ?? [])
            .Select(header => new KeyValuePair<string, string>(header.Key, header.Value.ToString()));
#else
        request.Headers
            .Concat(request.Content?.Headers.AsEnumerable() ?? [])
            .Select(header => new KeyValuePair<string, string>(header.Key, string.Join(", ", header.Value)));
#endif
}
