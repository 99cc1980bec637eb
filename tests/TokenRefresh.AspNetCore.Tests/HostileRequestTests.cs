using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>Requests that no page of the app sends.</summary>
public sealed class HostileRequestTests
{
    [Theory]
    [Trait("Case", "W15")]
    [InlineData("//evil.example/page", true)]
    [InlineData("//evil.example/page", false)]
    [InlineData("/\\evil.example/page", true)]
    [InlineData("/%09/evil.example/page", true)]
    [InlineData("/%5Cevil.example/page", true)]
    [InlineData("/%2F/evil.example/page", false)]
    public async Task A_path_that_reads_as_another_host_leads_nowhere_else_after_the_login(string path, bool isProtected)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            Map = app =>
            {
                var page = app.MapFallback(async (IHttpClientFactory clients) =>
                    "page of " + await clients.CreateClient("orders").GetStringAsync("api/me"));
                if (isProtected)
                {
                    page.RequireAuthorization();
                }
            },
        });
        using var browser = new Browser();

        // As an attacker writes it in a link, not as Uri normalizes it.
        var page = await browser.GoAsync(new Uri(
            node.Address.OriginalString.TrimEnd('/') + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));

        Assert.Equal(node.Address.Authority, page.Address.Authority);
        Assert.DoesNotContain(browser.Visited, visited => visited.Contains("://evil", StringComparison.Ordinal));
        Assert.Equal(1, provider.Logins);
    }

    [Theory]
    [Trait("Case", "W16")]
    [InlineData("logout", "multipart/form-data; boundary=x", "--x\r\nbroken")]
    [InlineData("logout", "multipart/form-data", "no boundary")]
    [InlineData("logout", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end")]
    [InlineData("logout", "application/x-www-form-urlencoded", "__RequestVerificationToken=forged")]
    [InlineData("logout", "application/json", "{")]
    [InlineData("save", "multipart/form-data; boundary=x", "--x\r\nbroken")]
    [InlineData("save", "multipart/form-data", "no boundary")]
    [InlineData("save", "text/plain", "")]
    public async Task A_form_that_cant_be_read_is_refused(string path, string contentType, string body)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            Map = app => app.MapPost("/save", () => "saved").RequireAuthorization().RequireSameOrigin(),
        });
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        using var post = new HttpRequestMessage(HttpMethod.Post, node.At(path)) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        post.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);

        Assert.Equal(HttpStatusCode.Forbidden, (await browser.SendAsync(post)).Status);
        Assert.Equal("orders of alice", (await browser.FetchAsync(node.At("orders"))).Text);
    }

    [Theory]
    [Trait("Case", "W16")]
    [InlineData("multipart/form-data", "no boundary")]
    [InlineData("multipart/form-data; boundary=x", "--x\r\nbroken")]
    public async Task A_form_of_the_app_that_cant_be_read_signs_out_and_leads_home(string contentType, string body)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        using var post = new HttpRequestMessage(HttpMethod.Post, node.At("logout")) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        post.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        post.Headers.Add("Sec-Fetch-Site", "same-origin");
        post.Headers.Add("Sec-Fetch-Mode", "navigate");

        Assert.Equal(HttpStatusCode.Found, (await browser.SendAsync(post)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("orders"))).Status);
    }

    [Theory]
    [Trait("Case", "W16")]
    [InlineData("logout", "GET", HttpStatusCode.MethodNotAllowed)]
    [InlineData("logout", "PUT", HttpStatusCode.MethodNotAllowed)]
    [InlineData("backchannel-logout", "GET", HttpStatusCode.MethodNotAllowed)]
    [InlineData("user", "POST", HttpStatusCode.MethodNotAllowed)]
    public async Task An_endpoint_has_one_verb(string path, string verb, HttpStatusCode expected)
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        Assert.Equal(expected, (await browser.FetchAsync(node.At(path), new HttpMethod(verb))).Status);
        Assert.Equal("orders of alice", (await browser.FetchAsync(node.At("orders"))).Text);
    }

    [Fact]
    [Trait("Case", "W9")]
    public async Task A_logout_token_is_accepted_whatever_types_the_app_allows_for_id_tokens()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureProvider = options => options.TokenValidationParameters.ValidTypes = ["JWT"],
        });
        using var http = new HttpClient();
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("logout_token", LogoutTokens.Sign(LogoutTokens.Claims(provider)))]);

        using var answer = await http.PostAsync(node.At("backchannel-logout"), form);

        Assert.True(answer.IsSuccessStatusCode, string.Join('\n', node.Log.Own));
    }
}
