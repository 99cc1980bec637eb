using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Web;

namespace TokenRefresh.TestKit;

/// <summary>An OAuth token endpoint over raw sockets that rotates, and breaks the connection when the test says so: before or after the rotation.</summary>
public sealed class BrokenTokenServer : IAsyncDisposable
{
    private static readonly Lazy<byte[]> Bomb = new(MakeBomb);

    private readonly FakeTokenServer _tokens;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<(ServerFault Fault, bool AfterRotation)> _script = new();
    private readonly ConcurrentQueue<string> _presented = new();
    private readonly Task _accepting;

    /// <summary>Starts the server.</summary>
    /// <param name="tokens">Who rotates, and decides what reuse means.</param>
    public BrokenTokenServer(FakeTokenServer tokens)
    {
        _tokens = tokens;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri TokenEndpoint => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/token"));

    /// <summary>The refresh tokens it received, in order.</summary>
    public IReadOnlyList<string> ReceivedRefreshTokens => [.. _presented];

    /// <summary>Breaks down at the next call.</summary>
    public void Next(ServerFault fault, bool afterRotation) => _script.Enqueue((fault, afterRotation));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(ServeAsync(await _listener.AcceptSocketAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                await using var stream = new NetworkStream(socket);
                while (await ReadRefreshTokenAsync(stream) is { } refreshToken)
                {
                    _presented.Enqueue(refreshToken);
                    var (fault, afterRotation) = _script.TryDequeue(out var next) ? next : (ServerFault.None, true);
                    using var answer = afterRotation ? _tokens.RespondTo(refreshToken) : null;
                    var body = answer is null ? """{"access_token":"never"}""" : await answer.Content.ReadAsStringAsync(_stop.Token);
                    if (!await AnswerAsync(socket, stream, fault, (int)(answer?.StatusCode ?? HttpStatusCode.OK), body))
                    {
                        return;
                    }
                }
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The other side has had enough.
            }
        }
    }

    /// <returns>Whether the connection is still good.</returns>
    private async Task<bool> AnswerAsync(Socket socket, NetworkStream stream, ServerFault fault, int status, string body)
    {
        var head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\n");
        var whole = string.Create(CultureInfo.InvariantCulture, $"{head}Content-Length: {body.Length}\r\n\r\n");
        switch (fault)
        {
            case ServerFault.None:
                await WriteAsync(stream, whole + body);
                return true;
            case ServerFault.Reset:
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                return false;
            case ServerFault.HalfClose:
                socket.Shutdown(SocketShutdown.Send);
                await DrainAsync(stream);
                return false;
            case ServerFault.StallAfterHeaders:
                await WriteAsync(stream, whole);
                await DrainAsync(stream);
                return false;
            case ServerFault.CutBody:
                await WriteAsync(stream, whole + body[..(body.Length / 2)]);
                return false;
            case ServerFault.CutChunked:
                await WriteAsync(stream, string.Create(CultureInfo.InvariantCulture, $"{head}Transfer-Encoding: chunked\r\n\r\n5\r\n{body[..5]}\r\n"));
                return false;
            case ServerFault.Trickle:
                await WriteAsync(stream, whole);
                foreach (var c in body)
                {
                    await WriteAsync(stream, c.ToString());
                    await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, _stop.Token);
                }

                return true;
            case ServerFault.Garbage:
                await WriteAsync(stream, "220 mail.example.com ESMTP ready\r\n\r\n");
                return false;
            case ServerFault.Endless:
                await WriteAsync(stream, head + "\r\n{\"access_token\":\"");
                while (true)
                {
                    await WriteAsync(stream, new string('a', 16 * 1024));
                }

            case ServerFault.Huge:
                await WriteAsync(stream, head + "Content-Length: 3000000\r\n\r\n" + new string(' ', 3_000_000));
                return true;
            case ServerFault.GzipBomb:
                await WriteAsync(stream, string.Create(CultureInfo.InvariantCulture, $"{head}Content-Encoding: gzip\r\nContent-Length: {Bomb.Value.Length}\r\n\r\n"));
                await stream.WriteAsync(Bomb.Value, _stop.Token);
                return true;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault));
        }
    }

    private async Task WriteAsync(NetworkStream stream, string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text), _stop.Token);

    private async Task DrainAsync(NetworkStream stream)
    {
        var buffer = new byte[1024];
        while (await stream.ReadAsync(buffer, _stop.Token) > 0)
        {
        }
    }

    private async Task<string?> ReadRefreshTokenAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (true)
        {
            var read = await stream.ReadAsync(buffer, _stop.Token);
            if (read == 0)
            {
                return null;
            }

            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
            var request = text.ToString();
            var end = request.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
            {
                continue;
            }

            var length = int.Parse(
                request[..end].Split("\r\n").Single(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))["Content-Length:".Length..],
                CultureInfo.InvariantCulture);
            if (request.Length >= end + 4 + length)
            {
                return HttpUtility.ParseQueryString(request[(end + 4)..])["refresh_token"];
            }
        }
    }

    private static byte[] MakeBomb()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
        {
            var zeros = new byte[1024 * 1024];
            for (var i = 0; i < 100; i++)
            {
                gzip.Write(zeros);
            }
        }

        return packed.ToArray();
    }
}
