using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;
using TokenRefresh.ServerTests;

namespace TokenRefresh.BrowserTests;

/// <summary>The WebAssembly sample: the library runs in the browser, on its one thread and with its own fetch.</summary>
public sealed class WebAssemblyTests(Chromium chromium)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Requests_from_the_browser_share_one_refresh()
    {
        await using var browser = await chromium.OpenAsync();
        await using var sample = SampleProcess.Start(
            "WebAssembly/Server",
            "WebAssembly",
            "--urls=http://127.0.0.1:0",
            "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Information",
            $"--TokenLifetime={Lifetime.TotalSeconds}");
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

        await CheckRefreshesAsync(server, expected: 0, async () =>
        {
            await page.ClickAsync("#sign-in");
            await ShowsAsync(page, "#state", "SignedIn");
            await CallAsync(page, "20 × 200");
        });

        // The server rejects the token, and then it expires.
        await CheckRefreshesAsync(server, expected: 1, async () =>
        {
            (await server.PostAsync(new Uri("expire", UriKind.Relative), content: null, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
            await CallAsync(page, "20 × 200");
        }, idle: Lifetime + TimeSpan.FromSeconds(0.5));
        await CheckRefreshesAsync(server, expected: 1, () => CallAsync(page, "20 × 200"));

        await page.ClickAsync("#sign-out");
        await CallAsync(page, "20 × 401");
        Assert.Empty(errors);
    }

    /// <summary>On a slow machine a token can become old during the calls: one more refresh is right for each half of a lifetime that has passed.</summary>
    private static async Task CheckRefreshesAsync(HttpClient server, int expected, Func<Task> calls, TimeSpan idle = default)
    {
        var before = await CountAsync(server);
        var start = Stopwatch.GetTimestamp();
        await calls();
        var halves = (int)(Stopwatch.GetElapsedTime(start) / (Lifetime / 2));

        // An idle page refreshes nothing.
        await Task.Delay(idle, TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.InRange(await CountAsync(server) - before, expected, expected + halves);
    }

    private static async Task<int> CountAsync(HttpClient server)
    {
        var counts = await server.GetStringAsync(new Uri("counts", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.EndsWith(" refreshes, 0 refresh tokens used twice", counts, StringComparison.Ordinal);
        return int.Parse(counts.Split(' ')[0], CultureInfo.InvariantCulture);
    }

    private static async Task CallAsync(IPage page, string responses)
    {
        await page.ClickAsync("#call");
        await ShowsAsync(page, "#responses", responses);
    }

    private static async Task ShowsAsync(IPage page, string element, string text) =>
        await page.WaitForFunctionAsync("([element, text]) => document.querySelector(element)?.textContent === text", new[] { element, text });
}
