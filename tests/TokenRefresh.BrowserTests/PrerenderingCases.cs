using System.Net;
using TokenRefresh.ServerTests;

namespace TokenRefresh.BrowserTests;

/// <summary>A page of the Blazor sample, which is rendered in its request first and then in a circuit. Both call the API.</summary>
public sealed class PrerenderingCases(Chromium chromium)
{
    private const int CallsOverAnExpiry = 5;

    [Fact]
    [Trait("Case", "W13")]
    public async Task A_page_calls_the_api_as_its_user_while_it_is_prerendered_and_when_it_is_interactive()
    {
        await using var sample = SampleProcess.Start(
            "Blazor",
            "Blazor",
            "--urls=http://127.0.0.1:0",
            "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Information");
        var address = await sample.ListeningAsync();

        await Task.WhenAll(AssertOwnTokenAsync(address, "alice"), AssertOwnTokenAsync(address, "bob"));

        using var http = new HttpClient();
        var counts = await http.GetStringAsync(new Uri(address, "counts"), TestContext.Current.CancellationToken);
        Assert.Matches("^[1-9][0-9]* refreshes, 0 refresh tokens used twice$", counts);
    }

    private async Task AssertOwnTokenAsync(Uri address, string user)
    {
        await using var browser = await chromium.OpenAsync();
        var page = (await browser.OpenAsync()).Page;
        await page.GotoAsync(address.ToString());
        await page.ClickAsync("#" + user);
        await page.WaitForSelectorAsync("#me");

        var answer = await page.GotoAsync(address.ToString());
        var prerendered = await answer!.TextAsync();
        await page.WaitForFunctionAsync($"() => Number(document.querySelector('#calls').textContent) >= {CallsOverAnExpiry}");

        var me = $$"""{"user":"{{user}}"}""";
        Assert.Contains($"<b id=\"me\">{WebUtility.HtmlEncode(me)}</b>", prerendered, StringComparison.Ordinal);
        Assert.Contains("<span id=\"calls\">1</span>", prerendered, StringComparison.Ordinal);
        Assert.Equal(me, await page.InnerTextAsync("#me"));
        await page.ClickAsync("#call");
        Assert.Equal(me, await page.InnerTextAsync("#me"));
    }
}
