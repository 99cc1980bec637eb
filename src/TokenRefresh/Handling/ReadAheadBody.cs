using System.Runtime.ExceptionServices;

namespace TokenRefresh.Handling;

/// <summary>
/// The body of a response whose beginning the handler reads into memory ahead of the caller. The caller reads the body through
/// <see cref="ReadAheadStream"/>: first the beginning from memory, then the rest.
/// </summary>
/// <remarks>
/// The connection's stream never has two reads at once, and it is never disposed during a read. Both would return the connection to its
/// pool twice. If a read is running when the caller starts to read, the caller waits for its bytes.
/// </remarks>
internal sealed class ReadAheadBody(HttpContent content, Task<Stream> opening, CancellationTokenSource disposal)
{
    /// <summary>The most that is read ahead, in bytes. The last piece may exceed it by less than <see cref="PieceLength"/>.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>How long a body is read ahead.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(2);

    private const int PieceLength = 4096;

    private readonly object _lock = new();
    private readonly MemoryStream _ahead = new();
    private readonly byte[] _piece = new byte[Math.Max(1, Math.Min(PieceLength, content.Headers.ContentLength ?? PieceLength))];

    // All written under the lock: the number of bytes that the caller has taken, and the read that is running.
    private int _taken;
    private Task<bool>? _underWay;
    private Exception? _failure;
    private bool _isStopped;
    private bool _isAtEnd;
    private bool _isDisposed;

    /// <summary>Whether the whole body is in memory.</summary>
    public bool IsWhole => _isAtEnd && _failure is null;

    /// <summary>The bytes that were read ahead. Valid between two reads ahead, until the caller reads.</summary>
    public ReadOnlyMemory<byte> Ahead => _ahead.GetBuffer().AsMemory(0, (int)_ahead.Length);

    /// <summary>The connection's stream. The caller reads it after all bytes that were read ahead.</summary>
    public Task<Stream> Source => opening;

    /// <summary>
    /// Opens the body of a response and replaces its content by this body. Then the caller can get the response at any time.
    /// </summary>
    /// <returns><see langword="null"/> if the body can't be opened, and the response is unchanged.</returns>
    public static ReadAheadBody? TryOpen(HttpResponseMessage response)
    {
        var body = TryOpen(response.Content);
        if (body is not null)
        {
            response.Content = body.ToContent();
        }

        return body;
    }

    /// <summary>Opens a body.</summary>
    /// <returns><see langword="null"/> if the body can't be opened.</returns>
    public static ReadAheadBody? TryOpen(HttpContent content)
    {
        var disposal = new CancellationTokenSource();
        var opening = content.OpenAsync(disposal.Token);
        return opening.Exception is null ? new ReadAheadBody(content, opening, disposal) : null;
    }

    /// <summary>The whole body as content: the bytes that were read ahead, and the rest.</summary>
    public HttpContent ToContent()
    {
        var whole = new StreamContent(new ReadAheadStream(this));
        content.CopyHeadersTo(whole);
        return whole;
    }

    /// <summary>A copy of the bytes that were read ahead, for a reader that isn't the caller.</summary>
    /// <exception cref="Exception">The connection broke within the body.</exception>
    public MemoryStream CopyAhead()
    {
        lock (_lock)
        {
            ThrowIfFailed();
            return new MemoryStream(_ahead.ToArray(), writable: false);
        }
    }

    /// <summary>Reads ahead until the end, the limit, or the end of <see cref="MaxTime"/>. Never fails.</summary>
    public async Task ReadAheadAsync(TimeProvider time)
    {
        var since = time.GetTimestamp();
        while (await ReadMoreAsync().ConfigureAwait(false))
        {
            if (time.GetElapsedTime(since) >= MaxTime)
            {
                Stop();
            }
        }
    }

    /// <summary>Reads one more piece ahead. One call at a time.</summary>
    /// <returns><see langword="false"/> at the end, at the limit, after a failure, or once the caller reads.</returns>
    public async Task<bool> ReadMoreAsync()
    {
        var underWay = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_isStopped || _isAtEnd || _ahead.Length > MaxLength)
            {
                return false;
            }

            _underWay = underWay.Task;
        }

        var count = 0;
        Exception? failure = null;
        try
        {
            var source = await opening.ConfigureAwait(false);
            count = await source.ReadAsync(_piece.AsMemory(), disposal.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            failure = e;
        }

        return Complete(underWay, count, failure);
    }

    /// <summary>Ends the reading ahead between two reads. The caller reads the rest.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _isStopped = true;
        }
    }

    /// <summary>Takes bytes that were read ahead, and ends the reading ahead.</summary>
    /// <param name="buffer">Gets the bytes.</param>
    /// <param name="underWay">The read to wait for before the next call; <see langword="null"/> if none is running. It never fails.</param>
    public int Read(Span<byte> buffer, out Task<bool>? underWay)
    {
        lock (_lock)
        {
            _isStopped = true;
            underWay = _underWay;
            var count = Math.Min((int)_ahead.Length - _taken, buffer.Length);
            _ahead.GetBuffer().AsSpan(_taken, count).CopyTo(buffer);
            _taken += count;
            return count;
        }
    }

    /// <summary>Whether the body has no bytes after those that were read ahead.</summary>
    /// <exception cref="Exception">The connection broke within the body, or the body is disposed.</exception>
    public bool IsExhausted()
    {
        ThrowIfFailed();
        return _isAtEnd;
    }

    /// <summary>Disposes the content. A running read is cancelled first, and the content is disposed after it.</summary>
    public void Dispose()
    {
        Task<bool>? underWay;
        lock (_lock)
        {
            _isStopped = true;
            _isDisposed = true;
            underWay = _underWay;
        }

        disposal.Cancel();
        if (underWay is null)
        {
            content.Dispose();
        }
    }

    private bool Complete(TaskCompletionSource<bool> underWay, int count, Exception? failure)
    {
        bool isStopped, isFinished;
        lock (_lock)
        {
            _underWay = null;
            _ahead.Write(_piece, 0, count);
            _failure = failure;
            _isAtEnd = count == 0;
            isStopped = _isStopped;
            isFinished = _isAtEnd || _isDisposed;
        }

        underWay.SetResult(true);
        if (isFinished)
        {
            // Release the connection as soon as the whole body is in memory.
            content.DisposeQuietly();
        }

        return !isStopped && !isFinished;
    }

    private void ThrowIfFailed()
    {
        if ((_isDisposed ? new ObjectDisposedException(nameof(ReadAheadStream)) : _failure) is { } failure)
        {
            ExceptionDispatchInfo.Capture(failure).Throw();
        }
    }
}
