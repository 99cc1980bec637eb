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
        if (count == 0)
        {
            return 0;
        }

        int read;
        while ((read = body.Read(buffer.AsSpan(offset, count), out var underWay)) == 0 && underWay is not null)
        {
            underWay.GetAwaiter().GetResult();
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
        if (buffer.IsEmpty)
        {
            return 0;
        }

        int read;
        while ((read = body.Read(buffer.Span, out var underWay)) == 0 && underWay is not null)
        {
            // A caller that stops waiting loses no bytes: its next read waits for the same task.
            await underWay.WaitAsync(cancellationToken).ConfigureAwait(false);
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
