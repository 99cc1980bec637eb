using System;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using Spectre.Console;

namespace TokenRefresh.Samples;

/// <summary>Sends requests at once, and shows what the server counted beside what was expected.</summary>
internal sealed class Storm(Func<HttpClient> createClient, Func<Storm.Counts> count)
{
    private readonly Table _table = new Table()
        .Border(TableBorder.Rounded)
        .AddColumns("", "sent", "refused", "refreshes", "200", "401", "time", "");

    private bool _isRight = true;

    /// <summary>Sends so many requests at once.</summary>
    public async Task SendAsync(string title, int requests, Expected expected)
    {
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
        var refused = after.Api401 - before.Api401;
        var isRight = refreshes == expected.Refreshes
            && (expected.Api401 is null || refused == expected.Api401)
            && Array.TrueForAll(statuses, status => status == expected.Status);
        _isRight &= isRight;
        _table.AddRow(
            title,
            $"{requests}",
            $"{refused}",
            $"[bold]{refreshes}[/]",
            $"{statuses.Count(status => status == HttpStatusCode.OK)}",
            $"{statuses.Count(status => status == HttpStatusCode.Unauthorized)}",
            $"{elapsed.TotalMilliseconds:0} ms",
            isRight ? "[green]right[/]" : "[red]wrong[/]");
    }

    /// <summary>Waits until the API refuses a token, asking without the library.</summary>
    public static async Task WaitUntilRefusedAsync(Uri api, string accessToken)
    {
        await AnsiConsole.Status().StartAsync("waiting for the access token to expire", async _ =>
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

    /// <summary>Shows the table.</summary>
    /// <returns>The exit code: 0 only if every count was right.</returns>
    public int Report(int reLogins)
    {
        AnsiConsole.Write(_table);
        AnsiConsole.MarkupLine("  [grey]refused: 401s that the API gave; 200 and 401: what the callers got[/]");
        var isRight = _isRight && reLogins == 1;
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"  re-login events: [bold]{reLogins}[/], 1 expected");
        AnsiConsole.MarkupLine(isRight ? "  [green]All counts are right.[/]" : "  [red]A count is wrong.[/]");
        return isRight ? 0 : 1;
    }

    /// <summary>What the server counted.</summary>
    public sealed record Counts(int Refreshes, int Api200, int Api401);

    /// <summary>What a storm should cost; null: it doesn't matter.</summary>
    public sealed record Expected(int Refreshes, int? Api401, HttpStatusCode Status);
}
