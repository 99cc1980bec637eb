using System.Net;
using System.Text.RegularExpressions;
using TokenRefresh.AspNetCore.Tests.Support;
using TokenRefresh.TestKit;

namespace TokenRefresh.ServerTests;

/// <summary>Every sample does what it says, as a program of its own.</summary>
public sealed class SampleCases
{
    // What SimpleJwt ends with where no Django is installed.
    private const int NothingToRunAgainst = 2;

    [Theory]
    [InlineData("Aspire", "Aspire")]
    [InlineData("Console", "Console")]
    [InlineData("QuickStart", "QuickStart")]
    [InlineData("Readme", "Readme")]
    [InlineData("Refit", "RefitClient")]
    [InlineData("SimpleJwt", "SimpleJwt")]
    [InlineData("Worker", "Worker")]
    public async Task A_sample_runs_and_finds_its_counts_right(string folder, string program)
    {
        await using var sample = SampleProcess.Start(folder, program);

        var exitCode = await sample.EndAsync();

        Assert.SkipWhen(exitCode == NothingToRunAgainst && !Machine.IsComplete, sample.Output);
        Assert.True(exitCode == 0, sample.Output);
    }

    [Fact]
    [Trait("Case", "C46")]
    public async Task The_web_sample_serves_each_user_with_their_own_tokens()
    {
        await using var sample = SampleProcess.Start("Web", "Web", "--urls", "http://127.0.0.1:0");
        var address = await sample.ListeningAsync();
        using var alice = await SignInAsync(address, "alice");
        using var bob = await SignInAsync(address, "bob");

        // Reloads until both logins have met an expiry.
        string counts;
        do
        {
            var pages = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? alice : bob).GoAsync(new Uri(address, "orders"))));
            Assert.All(pages.Where((_, i) => i % 2 == 0), page => Assert.Equal("""{"user":"alice"}""", page.Text));
            Assert.All(pages.Where((_, i) => i % 2 == 1), page => Assert.Equal("""{"user":"bob"}""", page.Text));
            counts = (await alice.GoAsync(new Uri(address, "counts"))).Text;
        }
        while ((counts.StartsWith("0 ", StringComparison.Ordinal) || counts.StartsWith("1 ", StringComparison.Ordinal)) && !sample.IsOverdue);

        // One for each login, and on a slow machine another one, because a login expires once more meanwhile.
        Assert.Matches("^[2-4] refreshes, 0 refresh tokens used twice$", counts);
        var signedOut = await alice.SubmitAsync(new Uri(address, "logout"), from: address);
        Assert.Contains("The provider's login page", signedOut.Text, StringComparison.Ordinal);
        Assert.Equal("""{"user":"bob"}""", (await bob.GoAsync(new Uri(address, "orders"))).Text);
    }

    private static async Task<Browser> SignInAsync(Uri address, string user)
    {
        var browser = new Browser();
        var login = await browser.GoAsync(new Uri(address, "orders"));
        var link = Regex.Match(login.Text, $"id=\"{user}\" href=\"(?<link>[^\"]*)\"", RegexOptions.None, TimeSpan.FromSeconds(1)).Groups["link"].Value;
        Assert.Equal($$"""{"user":"{{user}}"}""", (await browser.GoAsync(new Uri(login.Address, WebUtility.HtmlDecode(link)))).Text);
        return browser;
    }
}
