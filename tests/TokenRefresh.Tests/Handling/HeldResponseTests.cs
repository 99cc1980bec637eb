using System.Net;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Handling;
using TokenRefresh.Tests.Support;

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

        using var given = HeldResponse.Of(response).Hold(TimeProvider.System).ReturnToCaller();

        Assert.Equal(leavesConnection, connection.IsDisposed);
        Assert.Equal("en", Assert.Single(given.Content.Headers.ContentLanguage));
        Assert.Equal(body, await given.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(MaxBuffer + 1L)]
    public void A_body_that_says_it_is_empty_or_too_large_is_not_touched(long length)
    {
        using var connection = new Connection(Bytes(10));
        using var response = Response(connection);
        response.Content.Headers.ContentLength = length;
        var content = response.Content;

        using var given = HeldResponse.Of(response).Hold(TimeProvider.System).ReturnToCaller();

        Assert.Same(content, given.Content);
        Assert.Equal(0, connection.Position);
    }

    [Fact]
    public void A_body_that_says_it_just_fits_is_taken()
    {
        using var connection = new Connection(Bytes(MaxBuffer));
        using var response = Response(connection);
        response.Content.Headers.ContentLength = MaxBuffer;

        using var given = HeldResponse.Of(response).Hold(TimeProvider.System).ReturnToCaller();

        Assert.True(connection.IsDisposed);
        Assert.Equal(MaxBuffer, given.Content.Headers.ContentLength);
    }

    [Fact]
    public void A_body_in_memory_stays_as_it_is()
    {
        using var response = new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new ByteArrayContent([1, 2]) };
        var content = response.Content;

        using var given = HeldResponse.Of(response).Hold(TimeProvider.System).ReturnToCaller();

        Assert.Same(content, given.Content);
    }

    [Fact]
    public void A_body_that_cant_be_read_at_all_is_given_back_as_it_is()
    {
        using var response = new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new Unreadable() };
        var content = response.Content;

        using var given = HeldResponse.Of(response).Hold(TimeProvider.System).ReturnToCaller();

        Assert.Same(content, given.Content);
    }

    [Fact]
    public void What_is_thrown_away_is_disposed_of_with_its_connection()
    {
        using var connection = new Connection(Bytes(200_000));
        using var response = Response(connection);

        HeldResponse.Of(response).Hold(TimeProvider.System).Discard();

        Assert.True(connection.IsDisposed);
    }

    [Fact]
    [Trait("Case", "A9")]
    public void A_response_that_isnt_held_keeps_its_body_unread()
    {
        using var connection = new Connection(Bytes(10));
        using var response = Response(connection);
        var content = response.Content;

        using var returned = HeldResponse.Of(response).ReturnToCaller();

        Assert.Same(content, returned.Content);
        Assert.Equal(0, connection.Position);
    }

    [Fact]
    [Trait("Case", "A9")]
    public async Task A_body_that_stalls_is_returned_at_once_and_read_on_from_there()
    {
        var stall = new Gate();
        using var connection = new ScriptedBody([(byte)1, 2, 3, 4]) { Stall = stall };
        using var response = Response(connection);

        using var returned = HeldResponse.Of(response).Hold(TimeProvider.System).ReturnToCaller();
        await stall.ArrivedAsync(1);
        await using var body = await returned.Content.ReadAsStreamAsync();
        var read = new byte[10];
        Assert.Equal(4, await body.ReadAsync(read));
        var end = body.ReadAsync(read).AsTask();
        Assert.False(end.IsCompleted);
        stall.Open();

        Assert.Equal(0, await end);
        Assert.Equal<byte>([1, 2, 3, 4], read[..4]);
        Assert.Null(connection.Misuse);
    }

    [Fact]
    [Trait("Case", "A9")]
    public async Task A_slow_body_is_read_ahead_for_two_seconds_and_the_rest_is_left()
    {
        var time = new FakeTimeProvider();
        using var connection = new SlowBody([1, 2, 3, 4], time);
        using var response = Response(connection);

        using var returned = HeldResponse.Of(response).Hold(time).ReturnToCaller();

        Assert.Equal(2, connection.Position);
        Assert.Equal(Bytes(5)[1..], await returned.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    [Trait("Case", "A9")]
    public async Task A_response_that_is_discarded_during_a_read_is_disposed_when_that_read_has_ended()
    {
        var stall = new Gate();
        using var connection = new ScriptedBody([(byte)1, 2, 3, 4]) { Stall = stall, IgnoresCancellation = true };
        using var response = Response(connection);
        var held = HeldResponse.Of(response).Hold(TimeProvider.System);
        await stall.ArrivedAsync(1);

        held.Discard();
        Assert.False(connection.IsDisposed);
        stall.Open();

        await connection.Disposal.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Null(connection.Misuse);
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

    /// <summary>A body in memory that behaves like one on a connection.</summary>
    private sealed class Connection(byte[] body) : MemoryStream(body)
    {
        public bool IsDisposed { get; private set; }

        public override bool CanSeek => false;

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }

    /// <summary>A body of which one byte arrives in a second.</summary>
    private sealed class SlowBody(byte[] body, FakeTimeProvider time) : MemoryStream(body)
    {
        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return base.ReadAsync(buffer[..1], cancellationToken);
        }
    }
}
