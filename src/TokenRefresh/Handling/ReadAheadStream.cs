namespace TokenRefresh.Handling;

/// <summary>Reads a body whose beginning was read ahead. Its first read ends the reading ahead.</summary>
internal sealed class ReadAheadStream(ReadAheadBody body) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        body.Stop();
        if (count == 0)
        {
            return 0;
        }

        var target = buffer.AsSpan(offset, count);
        var read = body.Read(target);
        if (read == 0 && body.UnderWay is { } underWay)
        {
            body.Take(underWay.GetAwaiter().GetResult());
            read = body.Read(target);
        }

        return read > 0 || body.IsExhausted() ? read : body.Source.GetAwaiter().GetResult().Read(buffer, offset, count);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

#if NET8_0_OR_GREATER
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
#else
    private async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
#endif
    {
        body.Stop();
        if (buffer.IsEmpty)
        {
            return 0;
        }

        var read = body.Read(buffer.Span);
        if (read == 0 && body.UnderWay is { } underWay)
        {
            // A caller that stops waiting loses no bytes: its next read waits for the same task.
            body.Take(await underWay.WaitAsync(cancellationToken).ConfigureAwait(false));
            read = body.Read(buffer.Span);
        }

        if (read > 0 || body.IsExhausted())
        {
            return read;
        }

        var source = await body.Source.WaitAsync(cancellationToken).ConfigureAwait(false);
        return await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
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
            body.Dispose();
        }

        base.Dispose(disposing);
    }
}
