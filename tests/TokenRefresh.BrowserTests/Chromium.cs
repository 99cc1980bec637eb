using System.Collections.Concurrent;
using Microsoft.Playwright;
using TokenRefresh.TestKit;

[assembly: AssemblyFixture(typeof(TokenRefresh.BrowserTests.Chromium))]

namespace TokenRefresh.BrowserTests;

/// <summary>A real Chromium of this machine, without a window, started by the first test that needs it and shared by the rest.</summary>
public sealed class Chromium : IAsyncDisposable
{
    private const string Executable = "/usr/bin/chromium";
    private readonly Lazy<Task<(IPlaywright Playwright, IBrowser Browser)>> _browser = new(StartAsync);

    /// <summary>Opens a session with an empty profile.</summary>
    internal async Task<BrowserSession> OpenAsync()
    {
        var (_, browser) = await _browser.Value;
        return new BrowserSession(await browser.NewContextAsync());
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            var (playwright, browser) = await _browser.Value;
            await browser.DisposeAsync();
            playwright.Dispose();
        }
    }

    private static async Task<(IPlaywright Playwright, IBrowser Browser)> StartAsync()
    {
        Machine.MustHave(File.Exists(Executable) ? null : $"{Executable} isn't there. Install Chromium to run these tests.");
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Executable,
            Args =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        });
        return (playwright, browser);
    }
}

/// <summary>The tabs of one user. They share their cookies.</summary>
internal sealed class BrowserSession(IBrowserContext context) : IAsyncDisposable
{
    public IBrowserContext Context => context;

    /// <summary>Opens a tab that notes every page it shows.</summary>
    public async Task<Tab> OpenAsync()
    {
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(60_000);
        return new Tab(page);
    }

    public ValueTask DisposeAsync() => context.DisposeAsync();
}

/// <summary>A tab, and which pages it has shown.</summary>
internal sealed class Tab
{
    private readonly ConcurrentQueue<string> _shown = new();
    private readonly ConcurrentQueue<string> _failed = new();

    public Tab(IPage page)
    {
        Page = page;
        page.FrameNavigated += (_, frame) => _shown.Enqueue(new Uri(frame.Url).AbsolutePath);
        page.Response += (_, response) =>
        {
            if (response.Status >= 500)
            {
                _failed.Enqueue($"{response.Status} {response.Url}");
            }
        };
    }

    public IPage Page { get; }

    /// <summary>The paths of all pages shown so far.</summary>
    public string[] Shown => [.. _shown];

    /// <summary>How often the login page was shown.</summary>
    public int LoginPages => Shown.Count(path => path == "/login");

    /// <summary>The answers that said that the server failed.</summary>
    public string[] Failed => [.. _failed];

    public async Task SignInAsync(Uri app)
    {
        await Page.GotoAsync(app.ToString());
        await SubmitAsync();
    }

    /// <summary>Fills in the login page, which the tab is at.</summary>
    public async Task SubmitAsync()
    {
        await Page.FillAsync("input[name=password]", "secret");
        await Page.ClickAsync("form button");
        await Page.WaitForSelectorAsync("#user");
    }
}
