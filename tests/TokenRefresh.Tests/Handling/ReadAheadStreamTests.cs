using System.Net;
using TokenRefresh.Handling;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Handling;

/// <summary>A body whose beginning is read ahead: a later reader gets all of it, in order, and the connection has one reader at a time.</summary>
[Trait("Case", "A9")]
public sealed class ReadAheadStreamTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task The_caller_gets_what_was_read_ahead_and_then_the_rest(int piecesAhead)
    {
        using var connection = new ScriptedBody([1, 2], [3], [4, 5, 6]);
        using var response = Response(connection);
        var body = ReadAheadBody.TryOpen(response)!;
        for (var i = 0; i < piecesAhead; i++)
        {
            await body.ReadMoreAsync();
        }

        Assert.Equal(Bytes(7)[1..], await response.Content.ReadAsByteArrayAsync());
        Assert.Null(connection.Misuse);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Without_await_the_caller_gets_the_same(int piecesAhead)
    {
        using var connection = new ScriptedBody([1, 2], [3, 4, 5]);
        using var response = Response(connection);
        var body = ReadAheadBody.TryOpen(response)!;
        for (var i = 0; i < piecesAhead; i++)
        {
            await body.ReadMoreAsync();
        }

        using var read = new MemoryStream();
        response.Content.CopyTo(read, context: null, CancellationToken.None);

        Assert.Equal(Bytes(6)[1..], read.ToArray());
        Assert.Equal(0, new ReadAheadStream(body).Read([], 0, 0));
    }

    [Fact]
    public async Task A_read_ahead_that_is_under_way_becomes_the_callers_first_read()
    {
        var stall = new Gate();
        using var connection = new ScriptedBody { Stall = stall };
        using var response = Response(connection);
        var body = ReadAheadBody.TryOpen(response)!;
        var ahead = body.ReadMoreAsync();
        await stall.ArrivedAsync(1);

        var reading = Task.Run(() => new ReadAheadStream(body).Read(new byte[1], 0, 1));
        stall.Open();

        Assert.Equal(0, await reading.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.False(await ahead);
        Assert.Equal(1, connection.Reads);
    }

    [Fact]
    public async Task A_caller_that_stops_waiting_for_a_read_loses_no_bytes()
    {
        using var connection = new LateBody();
        using var response = Response(connection);
        var body = ReadAheadBody.TryOpen(response)!;
        var ahead = body.ReadMoreAsync();
        using var cancellation = new CancellationTokenSource();
        await using var stream = await response.Content.ReadAsStreamAsync();
        var impatient = stream.ReadAsync(new byte[8], cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient.AsTask());

        connection.Deliver(7);
        var read = new byte[8];

        Assert.Equal(1, await stream.ReadAsync(read));
        Assert.Equal(7, read[0]);
        Assert.False(await ahead);
    }

    [Fact]
    public async Task A_failure_comes_behind_the_bytes_before_it_and_stays()
    {
        using var connection = new LateBody();
        using var response = Response(connection);
        var body = ReadAheadBody.TryOpen(response)!;
        connection.Deliver(7);
        Assert.True(await body.ReadMoreAsync());
        connection.Fail();
        Assert.False(await body.ReadMoreAsync());

        var stream = new ReadAheadStream(body);
        Assert.Equal(1, await stream.ReadAsync(new byte[8]));
        await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(new byte[8]).AsTask());
        Assert.Throws<IOException>(() => stream.Read(new byte[8], 0, 8));
        Assert.False(body.IsWhole);
    }

    [Fact]
    public async Task At_the_end_the_connection_is_free()
    {
        using var connection = new ScriptedBody([1]);
        using var response = Response(connection);
        var body = ReadAheadBody.TryOpen(response)!;

        Assert.True(await body.ReadMoreAsync());
        Assert.False(connection.IsDisposed);
        Assert.False(await body.ReadMoreAsync());

        Assert.True(connection.IsDisposed);
        Assert.True(body.IsWhole);
        Assert.False(await body.ReadMoreAsync());
    }

    [Fact]
    public async Task A_disposal_while_the_body_is_being_opened_disposes_it_when_it_is_open()
    {
        var opening = new TaskCompletionSource<Stream>();
        var content = new LateContent(opening.Task);
        using var response = new HttpResponseMessage { Content = content };
        var body = ReadAheadBody.TryOpen(response)!;
        var ahead = body.ReadMoreAsync();

        response.Dispose();
        Assert.False(content.IsDisposed);
        opening.SetResult(new MemoryStream([1]));

        Assert.False(await ahead.WaitAsync(Gate.FailSafe, TimeProvider.System));
        Assert.True(content.IsDisposed);
    }

    [Fact]
    public void A_body_that_cant_be_opened_leaves_the_response_as_it_was()
    {
        var content = new LateContent(Task.FromException<Stream>(new IOException("cut")));
        using var response = new HttpResponseMessage { Content = content };

        Assert.Null(ReadAheadBody.TryOpen(response));
        Assert.Same(content, response.Content);
    }

    [Fact]
    public void It_is_a_stream_for_reading_forward()
    {
        using var connection = new ScriptedBody([1]);
        using var response = Response(connection);
        var stream = new ReadAheadStream(ReadAheadBody.TryOpen(response)!);

        Assert.Equal((true, false, false), (stream.CanRead, stream.CanSeek, stream.CanWrite));
        Assert.Throws<NotSupportedException>(() => stream.Length);
        Assert.Throws<NotSupportedException>(() => stream.Position);
        Assert.Throws<NotSupportedException>(() => stream.Position = 0);
        Assert.Throws<NotSupportedException>(() => stream.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => stream.SetLength(0));
        Assert.Throws<NotSupportedException>(() => stream.Write([1], 0, 1));
        stream.Flush();
        stream.Dispose();
        Assert.True(connection.IsDisposed);
        Assert.Throws<ObjectDisposedException>(() => stream.Read(new byte[1], 0, 1));
    }

    [Fact]
    public async Task Whenever_the_caller_begins_to_read_it_gets_all_bytes_in_order()
    {
        for (var round = 0; round < 500; round++)
        {
            var random = new Random(round);
            using var connection = new ScriptedBody([.. Enumerable.Range(0, 20).Select(i => Bytes(1 + random.Next(50)))]) { Yields = random.Next(30) };
            var expected = connection.All;
            using var response = Response(connection);
            var body = ReadAheadBody.TryOpen(response)!;
            var ahead = Task.Run(async () =>
            {
                while (await body.ReadMoreAsync())
                {
                }
            });
            for (var i = random.Next(200); i > 0; i--)
            {
                await Task.Yield();
            }

            if (random.Next(5) == 0)
            {
                response.Dispose();
                await connection.Disposal.WaitAsync(Gate.FailSafe, TimeProvider.System);
            }
            else
            {
                Assert.Equal(expected, await response.Content.ReadAsByteArrayAsync());
            }

            await ahead.WaitAsync(Gate.FailSafe, TimeProvider.System);
            Assert.Null(connection.Misuse);
        }
    }

    private static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)i)];

    private static HttpResponseMessage Response(Stream connection) => new(HttpStatusCode.Unauthorized) { Content = new StreamContent(connection) };

    /// <summary>A body whose next byte, or failure, comes when the test says so.</summary>
    private sealed class LateBody : MemoryStream
    {
        private TaskCompletionSource<byte> _next = new();

        public override bool CanSeek => false;

        public void Deliver(byte next) => _next.SetResult(next);

        public void Fail() => _next.SetException(new IOException("cut"));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var next = await _next.Task.WaitAsync(cancellationToken);
            _next = new();
            buffer.Span[0] = next;
            return 1;
        }
    }

    private sealed class LateContent(Task<Stream> opening) : HttpContent
    {
        public bool IsDisposed { get; private set; }

        protected override Task<Stream> CreateContentReadStreamAsync() => opening;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => throw new NotSupportedException();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
