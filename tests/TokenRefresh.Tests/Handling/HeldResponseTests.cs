using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Handling;
using Xunit;

namespace TokenRefresh.Tests.Handling;

/// <summary>What becomes of the body of a 401 while its request is held.</summary>
public sealed class HeldResponseTests
{
    private const int MaxBuffer = 64 * 1024;

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(5000, true)]
    [InlineData(MaxBuffer, true)]
    [InlineData(MaxBuffer + 4096, false)]
    [InlineData(200_000, false)]
    public async Task A_body_is_taken_off_its_connection_up_to_64_KiB_and_is_whole_when_it_is_given_back(int length, bool leavesConnection)
    {
        var body = Bytes(length);
        using var connection = new Connection(body);
        using var response = Response(connection);
        response.Content.Headers.ContentLanguage.Add("en");

        using var given = await HeldResponse.Hold(response).GiveBackAsync(default);

        Assert.Equal(leavesConnection, connection.IsDisposed);
        Assert.Equal("en", Assert.Single(given.Content.Headers.ContentLanguage));
        Assert.Equal(body, await given.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(MaxBuffer + 1L)]
    public async Task A_body_that_says_it_is_empty_or_too_large_is_not_touched(long length)
    {
        using var connection = new Connection(Bytes(10));
        using var response = Response(connection);
        response.Content.Headers.ContentLength = length;
        var content = response.Content;

        using var given = await HeldResponse.Hold(response).GiveBackAsync(default);

        Assert.Same(content, given.Content);
        Assert.Equal(0, connection.Position);
    }

    [Fact]
    public async Task A_body_that_says_it_just_fits_is_taken()
    {
        using var connection = new Connection(Bytes(MaxBuffer));
        using var response = Response(connection);
        response.Content.Headers.ContentLength = MaxBuffer;

        using var given = await HeldResponse.Hold(response).GiveBackAsync(default);

        Assert.True(connection.IsDisposed);
        Assert.Equal(MaxBuffer, given.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task A_body_in_memory_stays_as_it_is()
    {
        using var response = new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new ByteArrayContent([1, 2]) };
        var content = response.Content;

        using var given = await HeldResponse.Hold(response).GiveBackAsync(default);

        Assert.Same(content, given.Content);
    }

    [Fact]
    public async Task A_body_that_cant_be_read_at_all_is_given_back_as_it_is()
    {
        using var response = new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new Unreadable() };
        var content = response.Content;

        using var given = await HeldResponse.Hold(response).GiveBackAsync(default);

        Assert.Same(content, given.Content);
    }

    [Fact]
    public void What_is_thrown_away_is_disposed_of_with_its_connection()
    {
        using var connection = new Connection(Bytes(200_000));
        using var response = Response(connection);

        HeldResponse.Hold(response).Discard();

        Assert.True(connection.IsDisposed);
    }

    [Fact]
    public async Task Whoever_leaves_while_the_body_is_still_coming_stops_it_and_frees_the_connection()
    {
        using var connection = new Connection(Bytes(10)) { NeverEnds = true };
        using var response = Response(connection);
        using var cancel = new CancellationTokenSource();
        var giving = HeldResponse.Hold(response).GiveBackAsync(cancel.Token);
        Assert.False(giving.IsCompleted);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => giving.WaitAsync(Gate.FailSafe, TimeProvider.System));

        // Whoever leaves doesn't wait for it.
        await connection.Disposal.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    [Fact]
    public void What_was_read_and_the_rest_is_a_stream_for_reading_forward()
    {
        using var connection = new Connection(Bytes(3));
        var stream = new PrefixedStream(new MemoryStream(), connection);

        Assert.Equal((true, false, false), (stream.CanRead, stream.CanSeek, stream.CanWrite));
        Assert.Throws<NotSupportedException>(() => stream.Length);
        Assert.Throws<NotSupportedException>(() => stream.Position);
        Assert.Throws<NotSupportedException>(() => stream.Position = 0);
        Assert.Throws<NotSupportedException>(() => stream.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => stream.SetLength(0));
        Assert.Throws<NotSupportedException>(() => stream.Write([1], 0, 1));
        stream.Dispose();
        Assert.True(connection.IsDisposed);
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251))];

    private static HttpResponseMessage Response(Stream connection) => new(HttpStatusCode.Unauthorized) { Content = new StreamContent(connection) };

    private sealed class Unreadable : HttpContent
    {
        protected override Task<Stream> CreateContentReadStreamAsync() => throw new HttpRequestException("cut");

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => throw new HttpRequestException("cut");

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>A body as a socket gives it: bit by bit, forward only, and perhaps without an end.</summary>
    private sealed class Connection(byte[] body) : MemoryStream(body)
    {
        private readonly TaskCompletionSource _disposal = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Disposal => _disposal.Task;

        public bool IsDisposed => Disposal.IsCompleted;

        public bool NeverEnds { get; init; }

        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = Read(buffer.Span);
            if (read == 0 && NeverEnds)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }

            return read;
        }

        protected override void Dispose(bool disposing)
        {
            _disposal.TrySetResult();
            base.Dispose(disposing);
        }
    }
}
