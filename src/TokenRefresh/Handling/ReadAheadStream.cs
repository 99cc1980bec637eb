using System;
using System.IO;
using System.Net.Http;
using System.Runtime.ExceptionServices;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Handling;

/// <summary>
/// The body of a response. The handler reads its beginning ahead, into memory. The caller then reads that beginning and the rest behind it.
/// </summary>
/// <remarks>
/// The connection's stream never has two reads at once and is never disposed during a read: either would return the connection to its pool
/// twice. A read ahead that is under way when the caller begins to read becomes the caller's first read.
/// </remarks>
internal sealed class ReadAheadStream : Stream
{
    /// <summary>The most that is read ahead, in bytes. The last piece may exceed it by less than <see cref="PieceLength"/>.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>How long a body is read ahead.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(2);

    private const int PieceLength = 4096;

    private readonly object _lock = new();
    private readonly HttpContent _content;
    private readonly Task<Stream> _opening;
    private readonly CancellationTokenSource _disposal;
    private readonly MemoryStream _ahead = new();
    private readonly byte[] _piece;

    // All written under the lock.
    private Task<int>? _underWay;
    private Exception? _failure;
    private bool _isReading;
    private bool _isStopped;
    private bool _isAtEnd;
    private bool _isDisposed;

    private ReadAheadStream(HttpContent content, Task<Stream> opening, CancellationTokenSource disposal)
    {
        _content = content;
        _opening = opening;
        _disposal = disposal;
        _piece = new byte[Math.Max(1, Math.Min(PieceLength, content.Headers.ContentLength ?? PieceLength))];
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Whether the whole body is in memory.</summary>
    public bool IsWhole => _isAtEnd && _failure is null;

    /// <summary>What has been read ahead. Valid between two reads ahead, until the caller reads.</summary>
    public ReadOnlyMemory<byte> Ahead => _ahead.GetBuffer().AsMemory(0, (int)_ahead.Length);

    /// <summary>Opens the body of a response and puts this stream in its place: from now on the caller can have the response at any moment.</summary>
    /// <returns>The stream; <see langword="null"/> if the body can't be opened, and the response is unchanged.</returns>
    public static ReadAheadStream? TryOpen(HttpResponseMessage response)
    {
        var stream = TryOpen(response.Content);
        if (stream is not null)
        {
            response.Content = stream.ToContent();
        }

        return stream;
    }

    /// <summary>Opens a body.</summary>
    /// <returns>The stream; <see langword="null"/> if the body can't be opened.</returns>
    public static ReadAheadStream? TryOpen(HttpContent content)
    {
        var disposal = new CancellationTokenSource();
        Task<Stream> opening;
        try
        {
#if NET8_0_OR_GREATER
            opening = content.ReadAsStreamAsync(disposal.Token);
#else
            opening = content.ReadAsStreamAsync();
#endif
        }
        catch (Exception)
        {
            return null;
        }

        if (!opening.IsFaulted)
        {
            return new ReadAheadStream(content, opening, disposal);
        }

        _ = opening.Exception;
        return null;
    }

    public static void CopyHeaders(HttpContent from, HttpContent to)
    {
        foreach (var header in from.Headers)
        {
            to.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }
    }

    /// <summary>The whole body as content: what was read ahead, and the rest behind it.</summary>
    public HttpContent ToContent()
    {
        var content = new StreamContent(this);
        CopyHeaders(_content, content);
        return content;
    }

    /// <summary>A copy of what was read ahead, for a reader that isn't the caller.</summary>
    /// <exception cref="Exception">The body broke off.</exception>
    public MemoryStream CopyAhead()
    {
        lock (_lock)
        {
            _ = IsExhausted();
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
        var underWay = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_isStopped || _isAtEnd || _ahead.Length > MaxLength)
            {
                return false;
            }

            _isReading = true;
            _underWay = underWay.Task;
        }

        var count = 0;
        Exception? failure = null;
        try
        {
            var source = await _opening.ConfigureAwait(false);
#if NET8_0_OR_GREATER
            count = await source.ReadAsync(_piece, _disposal.Token).ConfigureAwait(false);
#else
            count = await source.ReadAsync(_piece, 0, _piece.Length, _disposal.Token).ConfigureAwait(false);
#endif
        }
        catch (Exception e)
        {
            failure = e;
        }

        return Complete(underWay, count, failure);
    }

    /// <summary>Ends the reading ahead between two reads. The rest is the caller's.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _isStopped = true;
        }
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        Stop();
        if (count == 0)
        {
            return 0;
        }

        var read = _ahead.Read(buffer, offset, count);
        if (read == 0 && _underWay is { } underWay)
        {
            Take(underWay.GetAwaiter().GetResult());
            read = _ahead.Read(buffer, offset, count);
        }

        return read > 0 || IsExhausted() ? read : _opening.GetAwaiter().GetResult().Read(buffer, offset, count);
    }

    public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
#if NET8_0_OR_GREATER
        return await ReadAsync(buffer.AsMemory(offset, count), cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = buffer.Length;
#endif
        Stop();
        if (count == 0)
        {
            return 0;
        }

        var read = ReadAhead();
        if (read == 0 && _underWay is { } underWay)
        {
            // A caller that stops waiting loses no bytes: its next read waits for the same task.
            Take(await underWay.WaitAsync(cancellationToken).ConfigureAwait(false));
            read = ReadAhead();
        }

        if (read > 0 || IsExhausted())
        {
            return read;
        }

        var source = await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
#if NET8_0_OR_GREATER
        return await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);

        int ReadAhead() => _ahead.Read(buffer.Span);
#else
        return await source.ReadAsync(buffer, offset, count, cancellationToken).ConfigureAwait(false);

        int ReadAhead() => _ahead.Read(buffer, offset, count);
#endif
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            bool isReading;
            lock (_lock)
            {
                _isStopped = true;
                _isDisposed = true;
                isReading = _isReading;
            }

            _disposal.Cancel();
            if (!isReading)
            {
                _content.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    private bool Complete(TaskCompletionSource<int> underWay, int count, Exception? failure)
    {
        bool isStopped, isFinished;
        lock (_lock)
        {
            _isReading = false;
            _isAtEnd = count == 0;
            _failure = failure;
            isStopped = _isStopped;
            isFinished = _isAtEnd || _isDisposed;
            if (!isStopped)
            {
                _underWay = null;
                _ahead.Position = _ahead.Length;
                _ahead.Write(_piece, 0, count);
                _ahead.Position = 0;
            }
        }

        underWay.SetResult(count);
        if (isFinished)
        {
            // Frees the connection as soon as the whole body is here.
            DisposeContent();
        }

        return !isStopped && !isFinished;
    }

    private void DisposeContent()
    {
        try
        {
            _content.Dispose();
        }
        catch (Exception)
        {
            // The content can't be disposed, and its response is no longer in use.
        }
    }

    // The caller's first read: the piece that was being read ahead.
    private void Take(int count)
    {
        _underWay = null;
        _ahead.SetLength(0);
        _ahead.Write(_piece, 0, count);
        _ahead.Position = 0;
    }

    private bool IsExhausted()
    {
        if (_failure is { } failure)
        {
            ExceptionDispatchInfo.Capture(failure).Throw();
        }

        return _isAtEnd;
    }
}
