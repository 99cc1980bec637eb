using System.Net;
using System.Text;
using Flurl.Http;
using Flurl.Http.Content;
using RestSharp;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Contents of client libraries are sent again with the same bytes.</summary>
[Trait("Case", "C25")]
public sealed class ClientLibraryContentTests
{
    [Theory]
    [InlineData("json")]
    [InlineData("string")]
    [InlineData("form")]
    [InlineData("multipart")]
    public async Task A_body_of_Flurl_is_sent_again(string kind)
    {
        await using var app = await ExpiredAsync();
        using var flurl = new FlurlClient(app.Client);
        var request = flurl.Request("orders");

        using var response = await (kind switch
        {
            "json" => request.PostJsonAsync(new { id = 7 }),
            "string" => request.PostStringAsync("text"),
            "form" => request.PostUrlEncodedAsync(new { id = 7 }),
            _ => request.PostMultipartAsync(form => form.AddString("name", "Ada").AddJson("order", new { id = 7 }).AddFile("file", new MemoryStream([1, 2]), "a.bin")),
        });

        AssertSentTwice(app);
    }

    [Fact]
    public async Task A_file_of_Flurl_is_sent_again()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, "content", TestContext.Current.CancellationToken);
            await using var app = await ExpiredAsync();

            using var response = await app.Client.PostAsync(new Uri("orders", UriKind.Relative), new FileContent(path));

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            AssertSentTwice(app);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("json")]
    [InlineData("string")]
    [InlineData("form")]
    [InlineData("file")]
    [InlineData("bytes")]
    public async Task A_body_of_RestSharp_is_sent_again(string kind)
    {
        await using var app = await ExpiredAsync();
        using var client = new RestClient(app.Client);
        var request = new RestRequest("orders", Method.Post);
        _ = kind switch
        {
            "json" => request.AddJsonBody(new { id = 7 }),
            "string" => request.AddStringBody("text", ContentType.Plain),
            "form" => request.AddParameter("id", "7"),
            "file" => request.AddFile("file", [1, 2], "a.bin"),
            _ => request.AddBody(new byte[] { 1, 2 }, ContentType.Binary),
        };

        var response = await client.ExecuteAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        AssertSentTwice(app);
    }

    [Theory]
    [InlineData("a value", true)]
    [InlineData("a generic content", true)]
    [InlineData("nothing", true)]
    [InlineData("a lazy sequence", false)]
    [InlineData("a stream", false)]
    public async Task An_ObjectContent_is_sent_again_if_its_value_is_all_there(string kind, bool isSentAgain)
    {
        await using var app = await ExpiredAsync();
        HttpContent content = kind switch
        {
            "a value" => new ObjectContent(new { id = 7 }),
            "a generic content" => new ObjectContent<int[]>([1, 2]),
            "nothing" => new ObjectContent(value: null),
            "a lazy sequence" => new ObjectContent(Enumerable.Range(0, 3).Where(i => i > 0)),
            _ => new ObjectContent(new MemoryStream([1])),
        };

        using var response = await app.Client.PostAsync(new Uri("orders", UriKind.Relative), content);

        Assert.Equal(isSentAgain ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(isSentAgain ? 2 : 1, app.Api.Received.Count);
    }

    [Theory]
    [InlineData("text", true)]
    [InlineData("text that notes its disposal", true)]
    [InlineData("text that writes itself", false)]
    [InlineData("text whose base class writes itself", false)]
    [InlineData("multipart", true)]
    [InlineData("multipart with a one-shot part", false)]
    [InlineData("seekable stream", true)]
    [InlineData("one-shot stream", false)]
    public async Task A_content_that_is_derived_is_sent_again_if_its_base_class_writes_it(string kind, bool isSentAgain)
    {
        await using var app = await ExpiredAsync();
        HttpContent content = kind switch
        {
            "text" => new LoggedText(),
            "text that notes its disposal" => new DisposedText(),
            "text that writes itself" => new OwnText(),
            "text whose base class writes itself" => new DerivedOwnText(),
            "multipart" => new OwnMultipart { new StringContent("x"), new LoggedText() },
            "multipart with a one-shot part" => new OwnMultipart { new StringContent("x"), new OwnText() },
            "seekable stream" => new OwnStream(new MemoryStream([1, 2])),
            _ => new OwnStream(new System.IO.Compression.GZipStream(new MemoryStream(), System.IO.Compression.CompressionMode.Decompress)),
        };

        using var response = await app.Client.PostAsync(new Uri("orders", UriKind.Relative), content);

        Assert.Equal(isSentAgain ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, response.StatusCode);
        if (isSentAgain)
        {
            AssertSentTwice(app);
        }
        else
        {
            Assert.Single(app.Api.Received);
        }
    }

    private static async Task<TestApp> ExpiredAsync()
    {
        var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        return app;
    }

    private static void AssertSentTwice(TestApp app)
    {
        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(request => request.Token));
        Assert.NotEmpty(app.Api.Received[0].Body);
        Assert.Equal(app.Api.Received[0].Body, app.Api.Received[1].Body);
    }

    private class LoggedText() : StringContent("text");

    private sealed class DisposedText : LoggedText
    {
        protected override void Dispose(bool disposing) => base.Dispose(disposing);
    }

    private class OwnText() : StringContent("text")
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync("own"u8.ToArray()).AsTask();

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            SerializeToStreamAsync(stream, context);

        protected override bool TryComputeLength(out long length)
        {
            length = 3;
            return true;
        }
    }

    private sealed class DerivedOwnText : OwnText;

    private sealed class OwnMultipart() : MultipartContent("mixed", "fixed");

    private sealed class OwnStream(Stream stream) : StreamContent(stream);
}
