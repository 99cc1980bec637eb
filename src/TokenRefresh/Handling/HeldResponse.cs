using System;
using System.IO;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Handling;

/// <summary>A 401 whose request is held: its body is taken off the connection, so that the connection is free for others.</summary>
internal readonly struct HeldResponse
{
    private const int MaxBuffer = 64 * 1024;

    // What a response has that was given no content: nothing to read, and to ask for its length would make headers for it.
    private static readonly Type? NoContent = new HttpResponseMessage().Content?.GetType();

    private readonly HttpResponseMessage _response;
    private readonly CancellationTokenSource? _stop;
    private readonly Task? _buffering;

    private HeldResponse(HttpResponseMessage response, CancellationTokenSource? stop, Task? buffering)
    {
        _response = response;
        _stop = stop;
        _buffering = buffering;
    }

    /// <summary>A 401 that isn't held yet: its body stays where it is.</summary>
    public static HeldResponse Untouched(HttpResponseMessage response) => new(response, stop: null, buffering: null);

    /// <summary>Buffers the body up to 64 KiB, once. A larger one stays on its connection; what was read of it is put in front again.</summary>
    public HeldResponse Hold() => _buffering is null ? Hold(_response) : this;

    /// <inheritdoc cref="Hold()"/>
    public static HeldResponse Hold(HttpResponseMessage response)
    {
        if (response.Content is not { } content
            || content is ByteArrayContent
            || content.GetType() == NoContent
            || content.Headers.ContentLength is 0 or > MaxBuffer)
        {
            return new HeldResponse(response, stop: null, Task.CompletedTask);
        }

        var stop = new CancellationTokenSource();
        return new HeldResponse(response, stop, BufferAsync(response, stop.Token));
    }

    /// <summary>Gives the response to its caller after all.</summary>
    public async Task<HttpResponseMessage> GiveBackAsync(CancellationToken cancellationToken)
    {
        if (_buffering is null)
        {
            return _response;
        }

        try
        {
            await _buffering.WaitAsync(cancellationToken).ConfigureAwait(false);
            return _response;
        }
        catch (OperationCanceledException)
        {
            Discard();
            throw;
        }
    }

    /// <summary>
    /// Throws the response away. Never while it is being read: a connection that is read twice at once goes back to its pool twice.
    /// </summary>
    public void Discard()
    {
        if (_buffering is null or { IsCompleted: true })
        {
            _response.Dispose();
            return;
        }

        _stop!.Cancel();
        _ = DisposeAfterAsync(_buffering, _response);
    }

    private static async Task DisposeAfterAsync(Task buffering, HttpResponseMessage response)
    {
        await buffering.ConfigureAwait(false);
        try
        {
            response.Dispose();
        }
        catch (Exception)
        {
            // A body that can't even be disposed of is nobody's any more.
        }
    }

    private static async Task BufferAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var content = response.Content;
        var read = new MemoryStream();
        Stream? body = null;
        var isWhole = false;
        try
        {
#if NET8_0_OR_GREATER
            body = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
#else
            body = await content.ReadAsStreamAsync().ConfigureAwait(false);
#endif
            isWhole = await CopyAsync(body, read, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Cut off, or thrown away in favour of the second answer: whoever still reads it meets that behind what came.
        }

        if (body is null)
        {
            return;
        }

        read.Position = 0;
        response.Content = WithHeadersOf(content, new StreamContent(isWhole ? read : new PrefixedStream(read, body)));
        if (isWhole)
        {
            content.Dispose();
        }
    }

    private static async Task<bool> CopyAsync(Stream body, MemoryStream read, CancellationToken cancellationToken)
    {
        var chunk = new byte[4096];
        while (read.Length <= MaxBuffer)
        {
#if NET8_0_OR_GREATER
            var count = await body.ReadAsync(chunk, cancellationToken).ConfigureAwait(false);
#else
            var count = await body.ReadAsync(chunk, 0, chunk.Length, cancellationToken).ConfigureAwait(false);
#endif
            if (count == 0)
            {
                return true;
            }

            read.Write(chunk, 0, count);
        }

        return false;
    }

    private static HttpContent WithHeadersOf(HttpContent old, HttpContent content)
    {
        foreach (var header in old.Headers)
        {
            content.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        return content;
    }
}
