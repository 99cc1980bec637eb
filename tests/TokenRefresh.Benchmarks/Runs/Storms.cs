using System.Diagnostics;
using System.Net;
using TokenRefresh.Benchmarks.Yardsticks;

namespace TokenRefresh.Benchmarks.Runs;

/// <summary>Many requests that are refused at once, late 401s, and a rejected refresh token.</summary>
internal static class Storms
{
    private static readonly TimeSpan RefreshTime = TimeSpan.FromMilliseconds(50);

    public static async Task RunAsync(Report report, bool isSmoke)
    {
        foreach (var count in isSmoke ? [100, 1_000] : new[] { 100, 1_000, 10_000 })
        {
            var best = new Storm(double.MaxValue, double.MaxValue, double.MaxValue, 0);
            for (var round = 0; round < (isSmoke ? 2 : 15); round++)
            {
                var ideal = await IdealAsync(count);
                var storm = await HoldAsync(count);
                best = new Storm(
                    Math.Min(best.Milliseconds, storm.Milliseconds),
                    Math.Min(best.IdealMilliseconds, ideal),
                    Math.Min(best.BytesEach, storm.BytesEach),
                    Math.Max(best.Calls, storm.Calls));
            }

            report.Add($"storm: {count}", best);
        }

        report.Add("late 401s: refreshes", await LateAsync(1_000));
        report.Add("rejected refresh token: calls", await DeadAsync(1_000));
    }

    /// <summary>The time until all have their 200, less the refresh itself; what a waiting request allocates over one refused and sent again by hand.</summary>
    private static async Task<Storm> HoldAsync(int count)
    {
        var byHand = await ByHandAsync(count);
        var endpoint = new Endpoint();
        using var api = new HeldApi();
        await using var session = await Clients.SignInAsync(StubApi.Address, endpoint, "old");
        using var invoker = new HttpMessageInvoker(new TokenRefreshHandler(session) { InnerHandler = api });
        using var cancellation = new CancellationTokenSource();
        var (allocated, responses) = await SendAllAsync(count, api, request => invoker.SendAsync(request, cancellation.Token));
        var elapsed = Stopwatch.GetElapsedTime(endpoint.Answered, Stopwatch.GetTimestamp());
        Require(api.Refused == count && responses.All(response => response.StatusCode == HttpStatusCode.OK));
        return new Storm(elapsed.TotalMilliseconds, IdealMilliseconds: 0, allocated - byHand, endpoint.Calls);
    }

    /// <summary>The time until all have their 200 if they wait for one task and do nothing else.</summary>
    private static async Task<double> IdealAsync(int count)
    {
        using var api = new HeldApi();
        using var invoker = new HttpMessageInvoker(api, disposeHandler: false);
        using var cancellation = new CancellationTokenSource();
        var refresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var refused = 0;
        long answered = 0;
        await SendAllAsync(count, api, SendTwiceAsync);
        return Stopwatch.GetElapsedTime(answered, Stopwatch.GetTimestamp()).TotalMilliseconds;

        async Task<HttpResponseMessage> SendTwiceAsync(HttpRequestMessage request)
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer old");
            (await invoker.SendAsync(request, cancellation.Token)).Dispose();
            if (Interlocked.Increment(ref refused) == 1)
            {
                _ = RefreshAsync();
            }

            await refresh.Task.WaitAsync(cancellation.Token);
            request.Headers.Remove("Authorization");
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer new");
            return await invoker.SendAsync(request, cancellation.Token);
        }

        async Task RefreshAsync()
        {
            await Task.Delay(RefreshTime, TimeProvider.System);
            answered = Stopwatch.GetTimestamp();
            refresh.SetResult();
        }
    }

    /// <summary>The same number of requests. Each caller sends its request again without waiting.</summary>
    private static async Task<double> ByHandAsync(int count)
    {
        using var api = new HeldApi();
        using var invoker = new HttpMessageInvoker(api, disposeHandler: false);
        return (await SendAllAsync(count, api, SendTwiceAsync)).BytesEach;

        async Task<HttpResponseMessage> SendTwiceAsync(HttpRequestMessage request)
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer old");
            using var refused = await invoker.SendAsync(request, CancellationToken.None);
            request.Headers.Remove("Authorization");
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer new");
            return await invoker.SendAsync(request, CancellationToken.None);
        }
    }

    /// <summary>Has all of them reach the API, and then refuses them all at once.</summary>
    private static async Task<(double BytesEach, HttpResponseMessage[] Responses)> SendAllAsync(
        int count, HeldApi api, Func<HttpRequestMessage, Task<HttpResponseMessage>> send)
    {
        GC.Collect();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var requests = new Task<HttpResponseMessage>[count];
        for (var i = 0; i < count; i++)
        {
            requests[i] = send(new HttpRequestMessage(HttpMethod.Get, StubApi.Address));
        }

        api.Release();
        var responses = await Task.WhenAll(requests);
        return ((double)(GC.GetTotalAllocatedBytes(precise: true) - before) / count, responses);
    }

    /// <summary>401s for the old token that arrive when the refresh is over.</summary>
    private static async Task<int> LateAsync(int count)
    {
        var endpoint = new Endpoint();
        using var api = new HeldApi();
        await using var session = await Clients.SignInAsync(StubApi.Address, endpoint, "old");
        using var invoker = new HttpMessageInvoker(new TokenRefreshHandler(session) { InnerHandler = api });
        var requests = Enumerable.Range(0, count)
            .Select(_ => invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, StubApi.Address), CancellationToken.None))
            .ToArray();
        await session.RefreshAsync();
        var before = endpoint.Calls;
        api.Release();
        var responses = await Task.WhenAll(requests);
        Require(responses.All(response => response.StatusCode == HttpStatusCode.OK));
        return endpoint.Calls - before;
    }

    private static async Task<int> DeadAsync(int count)
    {
        var endpoint = new Endpoint { IsDead = true };
        await using var session = await Clients.SignInAsync(StubApi.Address, endpoint, "old");
        using var invoker = new HttpMessageInvoker(new TokenRefreshHandler(session) { InnerHandler = new StubApi() });
        var responses = await Task.WhenAll(Enumerable.Range(0, count)
            .Select(_ => invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, StubApi.Address), CancellationToken.None)));
        Require(responses.All(response => response.StatusCode == HttpStatusCode.Unauthorized));
        return endpoint.Calls;
    }

    private static void Require(bool condition)
    {
        if (!condition)
        {
            throw new InvalidOperationException("A benchmark measured something that doesn't work.");
        }
    }

    internal sealed record Storm(double Milliseconds, double IdealMilliseconds, double BytesEach, int Calls)
    {
        public double OverIdeal => Milliseconds / IdealMilliseconds;
    }

    private sealed class Endpoint : ITokenEndpoint
    {
        private int _calls;

        public bool IsDead { get; init; }

        public int Calls => Volatile.Read(ref _calls);

        public long Answered { get; private set; }

        public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _calls);
            await Task.Delay(RefreshTime, TimeProvider.System, cancellationToken);
            Answered = Stopwatch.GetTimestamp();
            return IsDead ? TokenEndpointResult.Rejected("invalid_grant") : TokenEndpointResult.Succeeded(new TokenSet("new", "next") { ExpiresAt = TimeProvider.System.GetUtcNow().AddHours(1) });
        }
    }

    /// <summary>Holds all requests until it is released. Then it answers like the stub, on threads of the pool.</summary>
    private sealed class HeldApi : HttpMessageHandler
    {
        private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly HttpMessageInvoker _stub;
        private readonly StubApi _api = new();

        public HeldApi() => _stub = new HttpMessageInvoker(_api);

        public int Refused => _api.Refused;

        public void Release() => _release.SetResult();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await _release.Task;
            return await _stub.SendAsync(request, cancellationToken);
        }

        protected override void Dispose(bool disposing)
        {
            _stub.Dispose();
            base.Dispose(disposing);
        }
    }
}
