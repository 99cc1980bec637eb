using System.Net;
using TokenRefresh.Handling;

namespace TokenRefresh.Tests.Handling;

/// <summary>The small parts of what happens to a request, by themselves.</summary>
public sealed class HandlingTests
{
    [Theory]
    [InlineData("https://api.example.com/a", true)]
    [InlineData("https://API.example.com:443/a", true)]
    [InlineData("https://api.example.com.evil.test/a", false)]
    [InlineData("https://api.example.com:444/a", false)]
    [InlineData("http://api.example.com/a", false)]
    [InlineData("wss://api.example.com/a", true)]
    [InlineData("WSS://API.example.com:443/a", true)]
    [InlineData("wss://api.example.com.evil.test/a", false)]
    [InlineData("wss://api.example.com:444/a", false)]
    [InlineData("ws://api.example.com/a", false)]
    [InlineData("ws://api.example.com:443/a", false)]
    [InlineData("ftp://api.example.com:443/a", false)]
    [InlineData("/a", false)]
    [InlineData(null, false)]
    public void An_origin_is_scheme_host_and_port(string? uri, bool isIn) =>
        Assert.Equal(isIn, new AllowedOrigins(new TokenRefreshOptions(), [new Uri("https://api.example.com/v1")]).Contains(uri is null ? null : new Uri(uri, UriKind.RelativeOrAbsolute)));

    [Theory]
    [InlineData("https://api.example.com/a", "https://api.example.com/b", true)]
    [InlineData("https://api.example.com", "HTTPS://API.example.com:443/", true)]
    [InlineData("https://bücher.example/", "https://xn--bcher-kva.example/", true)]
    [InlineData("https://api.example.com", "http://api.example.com:443", false)]
    [InlineData("https://api.example.com", "https://api.example.com:444", false)]
    [InlineData("https://api.example.com", "https://www.example.com", false)]
    [InlineData("https://api.example.com", "/a", false)]
    [InlineData("/a", "https://api.example.com", false)]
    [InlineData("https://api.example.com", null, false)]
    [InlineData(null, "https://api.example.com", false)]
    [InlineData(null, null, true)]
    public void Two_addresses_are_of_one_origin_by_scheme_host_and_port(string? a, string? b, bool expected) =>
        Assert.Equal(expected, Origin.IsSame(Parse(a), Parse(b)));

    [Theory]
    [InlineData("https://api.example.com", true)]
    [InlineData("https://localhost", true)]
    [InlineData("http://api.example.com", false)]
    [InlineData("http://localhost:5000", true)]
    [InlineData("http://127.0.0.1", true)]
    [InlineData("ftp://localhost", false)]
    public void A_token_goes_over_TLS_or_stays_on_the_machine(string uri, bool expected) => Assert.Equal(expected, Origin.IsSecure(new Uri(uri)));

    [Theory]
    [InlineData("https://api.example.com/v1", null)]
    [InlineData("http://localhost:5000", null)]
    [InlineData("wss://chat.example.com/v1", null)]
    [InlineData("ws://localhost:5000", null)]
    [InlineData("http://api.example.com/v1", "http://api.example.com")]
    [InlineData("ws://chat.example.com/v1", "ws://chat.example.com")]
    [InlineData(null, "AllowedOrigins")]
    public void A_clients_base_address_gets_the_token_where_it_is_secure(string? baseAddress, string? named)
    {
        var address = Parse(baseAddress);
        if (named is null)
        {
            Assert.True(AllowedOrigins.For(new TokenRefreshOptions(), address, "orders").Contains(address));
            return;
        }

        var refusal = Assert.Throws<TokenRefreshException>(() => AllowedOrigins.For(new TokenRefreshOptions(), address, "orders"));

        Assert.Equal(TokenRefreshFailure.Configuration, refusal.Failure);
        Assert.Contains("'orders'", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_can_be_sent_twice()
    {
        using var response = new HttpResponseMessage();

        Assert.True(RequestReplay.CanReplay(null));
        Assert.True(RequestReplay.CanReplay(response.Content));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(2, false)]
    [InlineData(0, false)]
    public async Task A_body_is_buffered_up_to_the_limit(long limit, bool expected)
    {
        using var content = new OneShot([1, 2, 3]);

        Assert.Equal(expected, await RequestReplay.BufferAsync(content, limit, default));
    }

    [Fact]
    public void Content_of_a_home_made_kind_is_not_sent_twice()
    {
        using var stream = new HomeMadeStream();
        using var multipart = new HomeMadeMultipart();
        using var mixed = new MultipartContent { new ByteArrayContent([1]), new HomeMadeStream() };

        Assert.False(RequestReplay.CanReplay(stream));
        Assert.False(RequestReplay.CanReplay(multipart));
        Assert.False(RequestReplay.CanReplay(mixed));
    }

    private static Uri? Parse(string? uri) => uri is null ? null : new Uri(uri, UriKind.RelativeOrAbsolute);

    private sealed class OneShot(byte[] body) : ByteArrayContent(body)
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => base.SerializeToStreamAsync(stream, context);
    }

    private sealed class HomeMadeStream() : StreamContent(new MemoryStream([1]))
    {
        protected override Task<Stream> CreateContentReadStreamAsync() => base.CreateContentReadStreamAsync();
    }

    private sealed class HomeMadeMultipart : MultipartContent
    {
        protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            base.SerializeToStream(stream, context, cancellationToken);
    }
}
