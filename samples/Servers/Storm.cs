using System.Diagnostics;
using System.Globalization;
using System.Net;
using Spectre.Console;
using static System.FormattableString;

namespace TokenRefresh.Samples;

/// <summary>Sends requests at once, and shows what the server counted and whether that was expected.</summary>
internal sealed class Storm(Func<HttpClient> createClient, Func<Storm.Counts> count)
{
    private bool _isAsExpected = true;

    /// <summary>Sends a number of requests at once.</summary>
    public async Task SendAsync(string title, int requests, Expected expected)
    {
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[bold]{title}[/]");
        var before = count();
        var client = createClient();
        var watch = Stopwatch.StartNew();
        var statuses = await Task.WhenAll(Enumerable.Range(0, requests).Select(_ => Task.Run(async () =>
        {
            using var response = await client.GetAsync(new Uri("api/me", UriKind.Relative));
            return response.StatusCode;
        })));
        var elapsed = watch.Elapsed;
        var after = count();

        var refreshes = after.Refreshes - before.Refreshes;
        var rejected = after.Api401 - before.Api401;
        var isAsExpected = refreshes == expected.Refreshes
            && (expected.Api401 is null || rejected == expected.Api401)
            && Array.TrueForAll(statuses, status => status == expected.Status);
        _isAsExpected &= isAsExpected;
        var results = statuses.GroupBy(status => status).Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Count()} × {(int)group.Key}"));
        AnsiConsole.MarkupLineInterpolated(
            CultureInfo.InvariantCulture,
            $"  API: {Describe(rejected, after.Api200 - before.Api200)} · refreshes: [bold]{refreshes}[/] · app: {string.Join(", ", results)} · {elapsed.TotalMilliseconds:0} ms");
        AnsiConsole.MarkupLine(isAsExpected ? "  [green]as expected[/]" : "  [red]not as expected[/]");
    }

    private static string Describe(int rejected, int succeeded) => (rejected, succeeded) switch
    {
        (0, 0) => "no request",
        (0, _) => Invariant($"{succeeded} × 200"),
        (_, 0) => Invariant($"{rejected} × 401"),
        _ => Invariant($"{rejected} × 401, {succeeded} × 200"),
    };

    /// <summary>Waits until the API rejects a token. It sends requests without the library.</summary>
    public static async Task WaitUntilRejectedAsync(Uri api, string accessToken)
    {
        await AnsiConsole.Status().StartAsync("waiting until the access token expires", async _ =>
        {
            using var plain = new HttpClient();
            HttpStatusCode status;
            do
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(api, "api/me"));
                request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + accessToken);
                using var response = await plain.SendAsync(request);
                status = response.StatusCode;
            }
            while (status == HttpStatusCode.OK);
        });
    }

    /// <summary>Shows the result.</summary>
    /// <returns>The exit code: 0 only if all counts were as expected.</returns>
    public int Report(int reLogins)
    {
        var isAsExpected = _isAsExpected && reLogins == 1;
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"ReLoginRequired was raised {reLogins} time(s); 1 was expected.");
        AnsiConsole.MarkupLine(isAsExpected ? "[green]All counts are as expected.[/]" : "[red]A count is not as expected.[/]");
        return isAsExpected ? 0 : 1;
    }

    /// <summary>The counts of the server.</summary>
    public sealed record Counts(int Refreshes, int Api200, int Api401);

    /// <summary>The expected counts; null for any number.</summary>
    public sealed record Expected(int Refreshes, int? Api401, HttpStatusCode Status);
}
