using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.TestKit;

/// <summary>An API in memory: 200 for a token that the token server accepts, 401 for any other. What counts is what it received.</summary>
public sealed class FakeApi(FakeTokenServer tokens) : HttpMessageHandler
{
    private readonly object _lock = new();
    private readonly List<ReceivedRequest> _received = [];
    private Gate? _gate;
    private Func<ReceivedRequest, HttpResponseMessage?>? _answer;

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

    public int CallsWith(string? token) => Received.Count(request => request.Token == token);

    /// <summary>Holds every call until the gate is opened. The token is judged when it passes.</summary>
    public Gate Hold() => _gate = new Gate();

    /// <summary>Lets calls pass again, those at the gate too.</summary>
    public void Release()
    {
        var gate = _gate;
        _gate = null;
        gate?.Open();
    }

    /// <summary>Answers so; null from the function: as always.</summary>
    public void Answer(Func<ReceivedRequest, HttpResponseMessage?>? answer) => _answer = answer;

    /// <summary>Refuses every token, whatever it is.</summary>
    public void RejectEverything() => Answer(_ => new HttpResponseMessage(HttpStatusCode.Unauthorized));

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(request, cancellationToken).GetAwaiter().GetResult();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // Written as a connection would write it: nothing is buffered that the client didn't buffer.
        using var body = new MemoryStream();
        if (request.Content is not null)
        {
            await request.Content.CopyToAsync(body, cancellationToken);
        }

        var received = new ReceivedRequest(
            request.Method,
            request.RequestUri!,
            request.Headers.NonValidated.TryGetValues("Authorization", out var values) ? values.ToString() : null,
            body.ToArray(),
            request.Headers.NonValidated.Concat(request.Content?.Headers.NonValidated.AsEnumerable() ?? []).ToDictionary(header => header.Key, header => header.Value.ToString()));
        lock (_lock)
        {
            _received.Add(received);
        }

        if (_gate is { } gate)
        {
            await gate.PassAsync(cancellationToken);
        }

        var response = _answer?.Invoke(received)
            ?? new HttpResponseMessage(received.Token is { } token && tokens.Accepts(token) ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
        response.RequestMessage = request;
        return response;
    }
}
