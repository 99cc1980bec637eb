using System.Net;
using System.Text.RegularExpressions;

namespace TokenRefresh.AspNetCore.Tests.Kinds;

/// <summary>What an app of any kind does: a page that calls the API, and a form with an antiforgery token that signs out.</summary>
[Trait("Case", "W24")]
public abstract partial class AppKindTests
{
    private const int Requests = 20;
    private const string AppCookie = ".AspNetCore.Cookies";

    /// <summary>The page of the app that calls the API and has the form.</summary>
    protected virtual string Path => "page";

    [Fact]
    public async Task Twenty_requests_over_an_expiry_cost_one_refresh_and_no_redirect()
    {
        await using var app = await StartAsync();
        await app.Browser.GoAsync(app.Page);
        app.Setup.Time.Advance(Provider.AccessTokenLifetime);
        app.Browser.Visited.Clear();

        var pages = await Task.WhenAll(Enumerable.Range(0, Requests).Select(_ => app.Browser.GoAsync(app.Page)));

        Assert.All(pages, page => Assert.Equal(HttpStatusCode.OK, page.Status));
        Assert.All(pages, page => Assert.Contains("orders of alice", page.Text, StringComparison.Ordinal));
        Assert.Equal(Requests, app.Browser.Visited.Count);
        Assert.Single(app.Provider.ReceivedRefreshTokens);
        Assert.Equal(1, app.Provider.Logins);
        AssertKind(pages[0]);
    }

    [Fact]
    public async Task An_ended_login_leads_a_page_to_the_sign_in_and_back_and_gives_a_script_401()
    {
        await using var app = await StartAsync();
        await app.Browser.GoAsync(app.Page);
        await app.Provider.RevokeAsync("alice");
        app.Setup.Time.Advance(Provider.AccessTokenLifetime);

        var first = await app.Browser.FetchAsync(app.Page);
        var second = await app.Browser.FetchAsync(app.Page);
        var page = await app.Browser.GoAsync(app.Page);

        Assert.All([first, second], script => Assert.Equal(
            (HttpStatusCode.Unauthorized, "application/problem+json"), (script.Status, script.MediaType)));
        Assert.Equal((HttpStatusCode.OK, app.Page), (page.Status, page.Address));
        Assert.Contains("orders of alice", page.Text, StringComparison.Ordinal);
        Assert.Equal(2, app.Provider.Logins);
    }

    [Fact]
    public async Task A_provider_that_is_down_gives_503()
    {
        await using var app = await StartAsync();
        await app.Browser.GoAsync(app.Page);
        app.Setup.Time.Advance(Provider.AccessTokenLifetime);
        app.Provider.IsDown = true;

        var page = await app.Browser.GoAsync(app.Page);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "7"), (page.Status, page.RetryAfter));
        Assert.Contains(AppCookie, app.Browser.CookieNames(app.Page));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_form_signs_out_only_with_its_antiforgery_token(bool hasToken)
    {
        await using var app = await StartAsync();
        var token = Token().Match((await app.Browser.GoAsync(app.Page)).Text).Groups["value"].Value;

        // An old browser, which sends no fetch metadata.
        using var form = new HttpRequestMessage(HttpMethod.Post, new Uri(app.Page, "logout"))
        {
            Content = new FormUrlEncodedContent([KeyValuePair.Create("__RequestVerificationToken", hasToken ? token : "")]),
        };
        form.Headers.Add("Accept", "text/html");
        var answer = await app.Browser.SendAsync(form);

        Assert.Equal(hasToken ? HttpStatusCode.Found : HttpStatusCode.Forbidden, answer.Status);
        Assert.Equal(hasToken ? HttpStatusCode.Unauthorized : HttpStatusCode.OK, (await app.Browser.FetchAsync(app.Page)).Status);
    }

    internal abstract Task<RunningApp> StartAsync();

    internal virtual void AssertKind(Page page)
    {
    }

    /// <summary>An app with a provider and a browser.</summary>
    internal sealed class RunningApp(Provider provider, NodeSetup setup, Node node, Uri page, IAsyncDisposable? proxy = null) : IAsyncDisposable
    {
        public Provider Provider => provider;

        public NodeSetup Setup => setup;

        public Uri Page => page;

        public Browser Browser { get; } = new();

        public async ValueTask DisposeAsync()
        {
            Browser.Dispose();
            if (proxy is not null)
            {
                await proxy.DisposeAsync();
            }

            await node.DisposeAsync();
            await provider.DisposeAsync();
        }
    }

    internal async Task<RunningApp> StartAsync(NodeSetup setup)
    {
        var provider = await Provider.StartAsync();
        var node = await Node.StartAsync(provider, setup);
        return new RunningApp(provider, setup, node, node.At(Path));
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\"[^>]*value=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Token();
}
