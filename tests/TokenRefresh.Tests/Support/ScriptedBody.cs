namespace TokenRefresh.Tests.Support;

/// <summary>
/// A response body that arrives as a socket delivers it: in pieces, forward only, and possibly without an end. It records misuse: two reads
/// at once, and disposal during a read.
/// </summary>
internal sealed class ScriptedBody(params byte[][] pieces) : Stream
{
    private readonly TaskCompletionSource _disposal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _piece;
    private int _offset;
    private int _reading;

    /// <summary>Holds each read that begins after the last piece. Null: the body ends there.</summary>
    public Gate? Stall { get; init; }

    /// <summary>Whether a read that waits at <see cref="Stall"/> ends when its token is cancelled.</summary>
    public bool IgnoresCancellation { get; init; }

    /// <summary>How often each read yields its thread before it completes.</summary>
    public int Yields { get; init; }

    public byte[] All => [.. pieces.SelectMany(piece => piece)];

    public int BytesRead { get; private set; }

    public int Reads { get; private set; }

    public string? Misuse { get; private set; }

    public Task Disposal => _disposal.Task;

    public bool IsDisposed => _disposal.Task.IsCompleted;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _reading, 1) == 1)
        {
            Misuse = "Two reads at once.";
        }

        try
        {
            Reads++;
            if (_piece == pieces.Length && Stall is { } stall)
            {
                await stall.PassAsync(IgnoresCancellation ? CancellationToken.None : cancellationToken);
            }

            for (var i = 0; i < Yields; i++)
            {
                await Task.Yield();
            }

            return ReadPiece(buffer.Span);
        }
        finally
        {
            Volatile.Write(ref _reading, 0);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (Volatile.Read(ref _reading) == 1)
        {
            Misuse = "Disposed during a read.";
        }

        _disposal.TrySetResult();
        base.Dispose(disposing);
    }

    private int ReadPiece(Span<byte> buffer)
    {
        if (_piece == pieces.Length)
        {
            return 0;
        }

        var count = Math.Min(buffer.Length, pieces[_piece].Length - _offset);
        pieces[_piece].AsSpan(_offset, count).CopyTo(buffer);
        _offset += count;
        BytesRead += count;
        if (_offset == pieces[_piece].Length)
        {
            (_piece, _offset) = (_piece + 1, 0);
        }

        return count;
    }
}
