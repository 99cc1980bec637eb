using System;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Protocol;
using Xunit;

namespace TokenRefresh.Tests.Protocol;

/// <summary>How much of an answer is read, and what a reading that fails means.</summary>
public sealed class TokenResponseTests
{
    [Theory]
    [InlineData(TokenResponse.MaxBodySize, false)]
    [InlineData(TokenResponse.MaxBodySize + 1, true)]
    public async Task A_body_is_read_up_to_64_KiB(int length, bool isIncomplete)
    {
        var answer = await ReadAsync(new StringContent("{\"access_token\":\"a\"}".PadRight(length)));

        Assert.Equal(isIncomplete, answer.IsTruncated);
        Assert.Equal(isIncomplete ? null : "a", answer.Fields?["access_token"]);
    }

    [Fact]
    public async Task Without_a_body_there_is_nothing_and_nothing_is_missing()
    {
        var answer = await ReadAsync(null);

        Assert.Equal((200, null, false), (answer.Status, answer.Fields, answer.IsTruncated));
    }

    [Fact]
    public async Task Only_what_the_network_does_to_a_body_makes_it_incomplete()
    {
        Assert.True((await ReadAsync(new StreamContent(new Broken(new IOException())))).IsTruncated);
        Assert.True((await ReadAsync(new StreamContent(new Broken(new HttpRequestException())))).IsTruncated);
        Assert.True((await ReadAsync(new StreamContent(new Broken(new InvalidDataException())))).IsTruncated);
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
        return await TokenResponse.ReadAsync(response, new FakeTimeProvider(), cancellationToken);
    }

    private sealed class Broken(Exception failure) : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw failure;
    }
}
