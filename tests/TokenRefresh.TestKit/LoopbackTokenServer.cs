using System.Net;
using System.Net.Sockets;

namespace TokenRefresh.TestKit;

/// <summary>A <see cref="FakeTokenServer"/> on a loopback port, for other processes.</summary>
public sealed class LoopbackTokenServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly HttpMessageInvoker _tokens;

    public LoopbackTokenServer(FakeTokenServer tokens)
    {
        _tokens = new HttpMessageInvoker(tokens, disposeHandler: false);
        Endpoint = new Uri($"http://127.0.0.1:{FreePort.Find()}/token");
        _listener.Prefixes.Add(new Uri(Endpoint, "/").ToString());
        _listener.Start();
        _ = ListenAsync();
    }

    public Uri Endpoint { get; }

    public void Dispose()
    {
        _listener.Close();
        _tokens.Dispose();
    }

    private async Task ListenAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = AnswerAsync(context);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, Endpoint) { Content = new StreamContent(context.Request.InputStream) };
            using var response = await _tokens.SendAsync(request, CancellationToken.None);
            context.Response.StatusCode = (int)response.StatusCode;
            context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
            if (response.Headers.RetryAfter is { } retryAfter)
            {
                context.Response.Headers["Retry-After"] = retryAfter.ToString();
            }

            await response.Content.CopyToAsync(context.Response.OutputStream);
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // The other process was killed while it was being answered.
        }
    }
}
