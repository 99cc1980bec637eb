using System.Net;
using TokenRefresh.Testing;

namespace Grpc.Net.Client.Internal;

/// <summary>
/// Has the name of Grpc.Net.Client's content for one message. As in many versions of that package, all sends write from one buffer, and the
/// end of a send gives the buffer to another call.
/// </summary>
internal sealed class PushUnaryContent<TRequest, TResponse>(Gate gate) : HttpContent
{
    private byte[]? _buffer;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        var buffer = _buffer ??= "message"u8.ToArray();
        try
        {
            await gate.PassAsync(CancellationToken.None);
            await stream.WriteAsync(buffer);
        }
        finally
        {
            _buffer = null;
            "another"u8.CopyTo(buffer);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }
}
