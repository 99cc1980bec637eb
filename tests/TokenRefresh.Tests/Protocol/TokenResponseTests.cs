using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Protocol;

namespace TokenRefresh.Tests.Protocol;

/// <summary>How much of an answer is read, and what a reading that fails means.</summary>
public sealed class TokenResponseTests
{
    [Theory]
    [Trait("Case", "B28")]
    [InlineData(4 * 1024, false)]
    [InlineData(4 * 1024 + 1, false)]
    [InlineData(TokenResponse.MaxBodySize, false)]
    [InlineData(TokenResponse.MaxBodySize + 1, true)]
    public async Task A_body_is_read_up_to_1_MiB(int length, bool isTooLong)
    {
        using var answer = await ReadAsync(new StringContent("{\"access_token\":\"a\"".PadRight(length - 1) + "}"));

        Assert.Equal(isTooLong ? ResponseBodyState.TooLong : ResponseBodyState.Parsed, answer.Body);
        Assert.Equal(isTooLong ? null : "a", answer.Fields?["access_token"]);
    }

    [Theory]
    [Trait("Case", "C43")]
    [InlineData(100, false)]
    [InlineData(TokenResponse.MaxBodySize, true)]
    public async Task A_body_that_the_transport_leaves_compressed_is_read_up_to_1_MiB(int padding, bool isTooLong)
    {
        using var compressed = new MemoryStream();
        await using (var gzip = new GZipStream(compressed, CompressionMode.Compress, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes("{\"access_token\":\"a\"" + new string(' ', padding) + "}"), TestContext.Current.CancellationToken);
        }

        using var answer = await ReadAsync(new ByteArrayContent(compressed.ToArray()) { Headers = { ContentEncoding = { "gzip" } } });

        Assert.Equal(isTooLong ? ResponseBodyState.TooLong : ResponseBodyState.Parsed, answer.Body);
        Assert.Equal(isTooLong ? null : "a", answer.Fields?["access_token"]);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    [InlineData("zstd")]
    public async Task A_body_that_was_decompressed_and_keeps_its_header_is_read(string coding)
    {
        using var answer = await ReadAsync(new StringContent("""{"access_token":"a"}""") { Headers = { ContentEncoding = { coding } } });

        Assert.Equal((ResponseBodyState.Parsed, "a"), (answer.Body, answer.Fields?["access_token"]));
    }

    [Fact]
    public async Task Without_a_body_there_is_nothing()
    {
        foreach (var content in new[] { null, new StringContent("") })
        {
            using var answer = await ReadAsync(content);

            Assert.Equal((200, null, ResponseBodyState.Empty), (answer.Status, answer.Fields, answer.Body));
        }
    }

    [Fact]
    public async Task Only_what_the_network_does_to_a_body_cuts_it_off()
    {
        Assert.Equal(ResponseBodyState.CutOff, (await ReadAsync(new StreamContent(new Broken(new IOException())))).Body);
        Assert.Equal(ResponseBodyState.CutOff, (await ReadAsync(new StreamContent(new Broken(new HttpRequestException())))).Body);
        Assert.Equal(ResponseBodyState.CutOff, (await ReadAsync(new StreamContent(new Broken(new InvalidDataException())))).Body);
        await Assert.ThrowsAsync<InvalidOperationException>(() => ReadAsync(new StreamContent(new Broken(new InvalidOperationException()))));
    }

    [Fact]
    public async Task A_deadline_that_cuts_the_body_is_no_answer()
    {
        using var late = new CancellationTokenSource();
        await late.CancelAsync();

        await Assert.ThrowsAnyAsync<Exception>(() => ReadAsync(new StreamContent(new Broken(new IOException())), late.Token));
    }

    private static async Task<TokenResponse> ReadAsync(HttpContent? content, CancellationToken cancellationToken = default)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
        return await TokenResponse.ReadAsync(response, "the token endpoint", new FakeTimeProvider(), cancellationToken);
    }

    private sealed class Broken(Exception failure) : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw failure;
    }
}
