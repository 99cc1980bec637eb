using System.Net;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TokenRefresh.Benchmarks.Yardsticks;

namespace TokenRefresh.Benchmarks;

/// <summary>A request with a good token: over a stub and over loopback HTTP, alone and with 16 callers.</summary>
[MemoryDiagnoser]
public class RequestBenchmarks : IAsyncDisposable
{
    private const int Batch = 64;
    private WebApplication? _server;
    private HttpMessageInvoker _invoker = null!;
    private Uri _api = StubApi.Address;

    [ParamsSource(nameof(Handlers))]
    public string Handler { get; set; } = "";

    [Params("stub", "loopback")]
    public string Api { get; set; } = "";

    public static string[] Handlers => Clients.Names;

    [GlobalSetup]
    public async Task SetUpAsync()
    {
        HttpMessageHandler inner = new StubApi();
        if (Api == "loopback")
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port: 0));
            _server = builder.Build();
            _server.MapGet("/me", () => Results.Ok());
            await _server.StartAsync();
            _api = new Uri(new Uri(_server.Urls.GetEnumerator() is var urls && urls.MoveNext() ? urls.Current : ""), "/me");
            inner = new SocketsHttpHandler();
        }

        _invoker = await Clients.CreateAsync(Handler, inner, _api);
    }

    [Benchmark(Baseline = true)]
    public Task OneAsync() => SendAsync();

    [Benchmark(OperationsPerInvoke = 16 * Batch)]
    public Task SixteenCallersAsync()
    {
        var callers = new Task[16];
        for (var caller = 0; caller < callers.Length; caller++)
        {
            callers[caller] = Task.Run(async () =>
            {
                for (var request = 0; request < Batch; request++)
                {
                    await SendAsync();
                }
            });
        }

        return Task.WhenAll(callers);
    }

    [GlobalCleanup]
    public async ValueTask DisposeAsync()
    {
        _invoker.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    private async Task SendAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _api);
        using var response = await _invoker.SendAsync(request, CancellationToken.None);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new InvalidOperationException($"The API answered {response.StatusCode}.");
        }
    }
}
