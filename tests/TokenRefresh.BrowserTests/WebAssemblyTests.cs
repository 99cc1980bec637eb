using System.Collections.Concurrent;
using Microsoft.Playwright;
using TokenRefresh.ServerTests;

namespace TokenRefresh.BrowserTests;

/// <summary>The WebAssembly sample: the library runs in the browser, on its one thread and with its own fetch.</summary>
public sealed class WebAssemblyTests
{
    [Fact]
    public async Task Requests_from_the_browser_share_one_refresh()
    {
        await using var browser = await Chromium.StartAsync();
        await using var sample = SampleProcess.Start(
            "WebAssembly/Server", "WebAssembly", "--urls=http://127.0.0.1:0", "--environment=Development", "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Information");
        var address = await sample.ListeningAsync();
        using var server = new HttpClient { BaseAddress = address };
        var page = (await browser.OpenAsync()).Page;
        var errors = new ConcurrentQueue<string>();
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && message.Text.Contains("Exception", StringComparison.Ordinal))
            {
                errors.Enqueue(message.Text);
            }
        };
        await page.GotoAsync(address.ToString());

        await page.ClickAsync("#sign-in");
        await ShowsAsync(page, "#state", "SignedIn");
        await CallAsync(page, "20 × 200");

        // The server rejects the token, and then it expires.
        (await server.PostAsync(new Uri("expire", UriKind.Relative), content: null, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        await CallAsync(page, "20 × 200");
        await Task.Delay(TimeSpan.FromSeconds(2.5), TimeProvider.System, TestContext.Current.CancellationToken);
        await CallAsync(page, "20 × 200");

        Assert.Equal(
            "2 refreshes, 0 refresh tokens used twice",
            await server.GetStringAsync(new Uri("counts", UriKind.Relative), TestContext.Current.CancellationToken));
        await page.ClickAsync("#sign-out");
        await CallAsync(page, "20 × 401");
        Assert.Empty(errors);
    }

    private static async Task CallAsync(IPage page, string responses)
    {
        await page.ClickAsync("#call");
        await ShowsAsync(page, "#responses", responses);
    }

    private static async Task ShowsAsync(IPage page, string element, string text) =>
        await page.WaitForFunctionAsync("([element, text]) => document.querySelector(element)?.textContent === text", new[] { element, text });
}
