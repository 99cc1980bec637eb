using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TokenRefresh.Benchmarks.Yardsticks;

namespace TokenRefresh.Benchmarks.Runs;

/// <summary>
/// The contenders in turns, many short rounds each: the median of a round's ratio to the floor of the same round is what a busy machine
/// can't bend.
/// </summary>
internal static class Ratios
{
    /// <summary>Time and bytes of one request, and the throughput of 16 callers, each as a multiple of the floor's.</summary>
    public static async Task RunAsync(Report report, bool isSmoke)
    {
        var rounds = isSmoke ? 3 : 61;
        await MeasureAsync(report, "stub", () => new StubApi(), StubApi.Address, rounds, isSmoke ? 2_000 : 20_000);
        await MeasureAsync(report, "bare", () => new StubApi(), StubApi.Address, rounds, isSmoke ? 2_000 : 20_000);
        await using var server = await StartServerAsync();
        var api = new Uri(new Uri(server.Urls.First()), "/me");
        await MeasureAsync(report, "loopback", () => new SocketsHttpHandler(), api, isSmoke ? 3 : 41, isSmoke ? 100 : 1_000);
    }

    private static async Task MeasureAsync(Report report, string where, Func<HttpMessageHandler> inner, Uri api, int rounds, int requests)
    {
        var contenders = new List<(string Name, HttpMessageInvoker Invoker)>();
        foreach (var name in Clients.Names)
        {
            contenders.Add((name, await Clients.CreateAsync(name, inner(), api, isBare: where == "bare")));
        }

        var one = contenders.ToDictionary(c => c.Name, _ => new List<double>());
        var sixteen = contenders.ToDictionary(c => c.Name, _ => new List<double>());
        var bytes = contenders.ToDictionary(c => c.Name, _ => new List<double>());
        for (var round = -2; round < rounds; round++)
        {
            foreach (var (name, invoker) in contenders)
            {
                var before = GC.GetTotalAllocatedBytes(precise: true);
                var alone = await TimeAsync(invoker, api, callers: 1, requests);
                var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
                var crowd = await TimeAsync(invoker, api, callers: 16, requests / 16);
                if (round >= 0)
                {
                    one[name].Add(alone / requests);
                    bytes[name].Add((double)allocated / requests);
                    sixteen[name].Add(crowd / (requests / 16 * 16));
                }
            }
        }

        foreach (var (name, invoker) in contenders)
        {
            report.Add($"{where}: {name}", new Row(
                Median(one[name]), Median(Ratio(one[name], one["floor"])), Median(bytes[name]), 1 / Median(Ratio(sixteen[name], sixteen["floor"]))));
            invoker.Dispose();
        }
    }

    /// <summary>Nanoseconds in all.</summary>
    private static async Task<double> TimeAsync(HttpMessageInvoker invoker, Uri api, int callers, int each)
    {
        var start = Stopwatch.GetTimestamp();
        if (callers == 1)
        {
            await SendAsync(invoker, api, each);
        }
        else
        {
            await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(() => SendAsync(invoker, api, each))));
        }

        return Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    private static async Task SendAsync(HttpMessageInvoker invoker, Uri api, int count)
    {
        for (var i = 0; i < count; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, api);
            using var response = await invoker.SendAsync(request, CancellationToken.None);
        }
    }

    private static List<double> Ratio(List<double> a, List<double> b) => [.. a.Zip(b, (x, y) => x / y)];

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task<WebApplication> StartServerAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port: 0));
        var server = builder.Build();
        server.MapGet("/me", () => Results.Ok());
        await server.StartAsync();
        return server;
    }

    /// <summary>Nanoseconds, times the floor's, bytes, and throughput of 16 callers to the floor's.</summary>
    internal sealed record Row(double Nanoseconds, double OverFloor, double Bytes, double Throughput);
}
