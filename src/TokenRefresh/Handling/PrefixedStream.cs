using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Handling;

/// <summary>What was read already, and then the rest.</summary>
internal sealed class PrefixedStream(Stream prefix, Stream rest) : Stream
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
        var read = prefix.Read(buffer, offset, count);
        return read > 0 || count == 0 ? read : rest.Read(buffer, offset, count);
    }

    // The prefix is in memory: reading it doesn't block.
    public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
#if NET8_0_OR_GREATER
        return await ReadAsync(buffer.AsMemory(offset, count), cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = prefix.Read(buffer.Span);
        return read > 0 || buffer.IsEmpty ? read : await rest.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
#else
        var read = prefix.Read(buffer, offset, count);
        return read > 0 || count == 0 ? read : await rest.ReadAsync(buffer, offset, count, cancellationToken).ConfigureAwait(false);
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
            rest.Dispose();
        }

        base.Dispose(disposing);
    }
}
