using System.Buffers;

namespace TokenRefresh.Protocol;

/// <summary>A pooled buffer that grows with a response body. It is cleared when it is returned, because it holds tokens.</summary>
internal sealed class ResponseBuffer : IDisposable
{
    // Most token responses fit. A longer one is copied once or twice.
    private const int InitialSize = 2 * 1024;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(InitialSize);
    private int _length;

    /// <summary>The bytes that were read, until the buffer is returned.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    /// <summary>Reads a body up to a limit.</summary>
    /// <returns><see langword="false"/> if the body is longer than <paramref name="limit"/>.</returns>
    public async Task<bool> FillAsync(Stream body, int limit, CancellationToken cancellationToken)
    {
        while (_length <= limit)
        {
            if (_length == _bytes.Length)
            {
                Grow();
            }

            // One byte beyond the limit shows that there is more.
            var free = Math.Min(_bytes.Length, limit + 1) - _length;
            var read = await body.ReadAsync(_bytes.AsMemory(_length, free), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return true;
            }

            _length += read;
        }

        return false;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes, clearArray: true);

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(_bytes.Length * 2);
        _bytes.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(_bytes, clearArray: true);
        _bytes = larger;
    }
}
