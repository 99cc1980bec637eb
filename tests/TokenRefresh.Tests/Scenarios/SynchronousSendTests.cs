#if !NETSTANDARD_BUILD // netstandard2.0 has no synchronous Send that could be overridden.
using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Storage;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Synchronous sends block threads of the pool. The refresh that they wait for needs none.</summary>
[Trait("Case", "A8")]
public sealed class SynchronousSendTests
{
    private readonly ConcurrentQueue<int> _threads = new();

    [Fact]
    public async Task A_synchronous_send_is_sent_again_on_its_own_thread()
    {
        await using var app = TestApp.Create(services: services =>
        {
            services.AddTransient(_ => new ThreadRecordingHandler(_threads));
            services.AddHttpClient(TestApp.Name).AddHttpMessageHandler<ThreadRecordingHandler>();
        });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var client = app.Client;

        var (status, thread) = await OnOwnThreadAsync(() =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "me");
            using var response = client.Send(request);
            return (response.StatusCode, Environment.CurrentManagedThreadId);
        });

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal([thread, thread], _threads);
    }

    [Fact]
    public async Task A_hundred_synchronous_sends_that_fill_the_pool_share_one_refresh()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var client = app.Client;
        var start = TimeProvider.System.GetTimestamp();

        var statuses = await FillPoolWithSendsAsync(client);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(1, app.Tokens.Calls);

        // A refresh that waits for the pool starts when the pool has a thread for each send: that takes 20 s.
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("a verdict that waits", false)]
    [InlineData("a verdict that waits", true)]
    [InlineData("a 403 whose body comes later", false)]
    [InlineData("a 403 whose body comes later", true)]
    [InlineData("content that is buffered", false)]
    [InlineData("content that is buffered", true)]
    public async Task A_synchronous_send_stays_on_its_own_thread_whatever_it_waits_for(string wait, bool isOfWindow)
    {
        await using var app = TestApp.Create(
            options =>
            {
                options.MaxReplayBufferSize = wait == "content that is buffered" ? 1024 : 0;
                options.ShouldRefreshAsync = wait == "a verdict that waits" ? JudgeLaterAsync : null;
            },
            services =>
            {
                services.AddTransient(_ => new ThreadRecordingHandler(_threads));
                services.AddHttpClient(TestApp.Name).AddHttpMessageHandler<ThreadRecordingHandler>();
            },
            TokenServerMode.SimpleJwt);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        if (wait == "a 403 whose body comes later")
        {
            app.Api.Answer(request => app.Tokens.Accepts(request.Token!)
                ? null
                : new HttpResponseMessage(HttpStatusCode.Forbidden) { Content = new LateContent("""{"code":"token_not_valid"}""") });
        }

        var client = app.Client;
        var context = isOfWindow ? new WindowContext() : null;
        var (status, thread) = await OnOwnThreadAsync(() =>
        {
            SynchronizationContext.SetSynchronizationContext(context);
            using var request = new HttpRequestMessage(HttpMethod.Post, "me");
            request.Content = wait == "content that is buffered" ? new LateContent("{}") : null;
            using var response = client.Send(request);
            Assert.Same(context, SynchronizationContext.Current);
            return (response.StatusCode, Environment.CurrentManagedThreadId);
        });

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal([thread, thread], _threads);

        static async Task<bool> JudgeLaterAsync(HttpResponseMessage response, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return response.StatusCode == HttpStatusCode.Unauthorized;
        }
    }

    [Theory]
    [InlineData("the app's own")]
    [InlineData("files")]
    public async Task A_hundred_synchronous_sends_that_fill_the_pool_dont_delay_the_store(string kind)
    {
        // A store call that waits for the pool starts when the pool has a thread for each send: that takes 20 s in every run. On a busy
        // machine a single run may take as long: .NET continues an await on the pool if its task completes while the await registers.
        var durations = new List<TimeSpan>();
        do
        {
            durations.Add(await SendOverAsync(kind));
        }
        while (durations[^1] > TimeSpan.FromSeconds(10) && durations.Count < 3);

        Assert.InRange(durations[^1], TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Fact]
    [Trait("Case", "S14")]
    public async Task A_synchronous_send_reads_the_store_again_outside_the_pool()
    {
        var store = new PoolWatchingStore();
        await using var app = TestApp.Over(store, options => options.RecheckInterval = TimeSpan.FromSeconds(30));
        await app.SignInAsync();
        await new OtherProcess(store, new TokenSessionKey(TestApp.Name, null)).SignOutAsync();
        app.Time.Advance(TimeSpan.FromSeconds(30));
        store.Reads.Clear();
        var client = app.Client;

        var status = await OnOwnThreadAsync(() =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "me");
            using var response = client.Send(request);
            return response.StatusCode;
        });

        Assert.Equal((HttpStatusCode.Unauthorized, 0), (status, app.Api.Calls));
        Assert.Equal([false], store.Reads);
    }

    private static async Task<TimeSpan> SendOverAsync(string kind)
    {
        var directory = Directory.CreateTempSubdirectory("tokenrefresh-sync-").FullName;
        TimeSpan duration;
        await using (var app = TestApp.Over(kind == "files" ? new FileTokenStore(directory) : new PoolWatchingStore()))
        {
            await app.SignInAsync();
            app.Tokens.ExpireAccessTokens();
            var client = app.Client;
            var start = TimeProvider.System.GetTimestamp();

            var statuses = await FillPoolWithSendsAsync(client);

            duration = TimeProvider.System.GetElapsedTime(start);
            Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
            Assert.Equal(1, app.Tokens.Calls);
        }

        await TestDirectory.DeleteAsync(directory);
        return duration;
    }

    private static Task<HttpStatusCode[]> FillPoolWithSendsAsync(HttpClient client) =>
        Task.WhenAll(Enumerable.Range(0, 100).Select(_ => OnPool(() =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "me");
            using var response = client.Send(request);
            return response.StatusCode;
        }))).WaitAsync(Gate.FailSafe, TimeProvider.System);

    // In the pool's global queue, where a refresh would have to wait behind all of them.
    private static Task<T> OnPool<T>(Func<T> work)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPool.UnsafeQueueUserWorkItem(_ => Run(work, result), state: null);
        return result.Task;
    }

    private static Task<T> OnOwnThreadAsync<T>(Func<T> work)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Run(work, result)) { IsBackground = true }.Start();
        return result.Task.WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    private static void Run<T>(Func<T> work, TaskCompletionSource<T> result)
    {
        try
        {
            result.SetResult(work());
        }
        catch (Exception e)
        {
            result.SetException(e);
        }
    }

    /// <summary>A store of the app's own that notes whether it is read on a thread of the pool.</summary>
    private sealed class PoolWatchingStore : StoreAround
    {
        public ConcurrentQueue<bool> Reads { get; } = new();

        public override ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            Reads.Enqueue(Thread.CurrentThread.IsThreadPoolThread);
            return base.ReadAsync(key, cancellationToken);
        }
    }

    /// <summary>A window's context. Its thread waits for the response, so what is posted to it doesn't run.</summary>
    private sealed class WindowContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }

    /// <summary>JSON of a stated length that is never there at once.</summary>
    private sealed class LateContent : HttpContent
    {
        private readonly byte[] _bytes;

        public LateContent(string json)
        {
            _bytes = System.Text.Encoding.UTF8.GetBytes(json);
            Headers.TryAddWithoutValidation("Content-Type", "application/json");
        }

        protected override async Task<Stream> CreateContentReadStreamAsync()
        {
            await Task.Yield();
            return new MemoryStream(_bytes);
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await Task.Yield();
            await stream.WriteAsync(_bytes);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _bytes.Length;
            return true;
        }
    }

    private sealed class ThreadRecordingHandler(ConcurrentQueue<int> threads) : DelegatingHandler
    {
        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            threads.Enqueue(Environment.CurrentManagedThreadId);
            return base.Send(request, cancellationToken);
        }
    }
}
#endif
