#if !NETSTANDARD_BUILD // netstandard2.0 has no synchronous Send that could be overridden.
using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using Xunit;

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

        var statuses = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => OnPool(() =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "me");
            using var response = client.Send(request);
            return response.StatusCode;
        }))).WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(1, app.Tokens.Calls);

        // A refresh that waits for the pool starts when the pool has a thread for each send: that takes 20 s.
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

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
