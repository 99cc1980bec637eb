using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>Tokens that couldn't be saved are saved later, unless something newer is stored or the app ends.</summary>
[Trait("Case", "C35")]
public sealed class DeferredSaveTests
{
    [Fact]
    public async Task A_save_that_got_there_though_it_seemed_to_fail_is_recognised_and_the_pair_is_refreshed_next()
    {
        var store = new CutStore();
        await using var app = TestApp.Over(store, options => options.MinRefreshInterval = TimeSpan.Zero);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        store.IsCut = true;
        using var unsaved = await app.GetAsync();
        store.IsCut = false;
        app.Tokens.ExpireAccessTokens();

        using var next = await app.GetAsync();

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (unsaved.StatusCode, next.StatusCode));
        Assert.Equal(["access-1", "access-2", "access-2", "access-3"], app.Api.Received.Select(request => request.Token));
        Assert.Equal(["refresh-1", "refresh-2"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal("refresh-3", await store.RefreshTokenAsync());
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task Unsaved_tokens_are_not_saved_after_a_sign_out_that_didnt_reach_the_store()
    {
        var store = new FailingStore();
        await using var app = await OwingAsync(store);
        store.IsAway = true;
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.SignOutAsync());

        // The end of the app waits for the deferred save, which tries once more.
        (store.IsAway, store.SavesFail) = (false, false);
        await app.Services.DisposeAsync();

        Assert.NotEqual("refresh-2", await store.RefreshTokenAsync());
    }

    [Fact]
    public async Task A_login_that_another_process_saved_while_ours_couldnt_counts_for_all()
    {
        using var log = new CapturingLoggerProvider();
        var store = new FailingStore();
        await using var app = await OwingAsync(store, log.Add);
        store.SavesFail = false;
        var others = app.Tokens.Issue();
        await store.RotateElsewhereAsync(others);

        app.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.UntilAsync(() => log.Messages.Any(message => message.EventName == "DeferredSaveSucceeded"));
        using var next = await app.GetAsync();

        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(others.AccessToken, app.Api.Received[^1].Token);
        Assert.Equal(others.RefreshToken, await store.RefreshTokenAsync());
        Assert.Equal(["refresh-1"], app.Tokens.ReceivedRefreshTokens);

        // This process didn't receive them from the endpoint, so MinRefreshInterval doesn't hold back another refresh.
        app.Api.RejectEverything();
        using var refused = await app.GetAsync();
        Assert.Equal(["refresh-1", others.RefreshToken!], app.Tokens.ReceivedRefreshTokens);
        await app.Session.SignOutAsync();
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task After_a_sign_out_nothing_is_saved()
    {
        var store = new FailingStore();
        await using var app = await OwingAsync(store);
        await app.Session.SignOutAsync();

        // At most the attempt that was waiting comes after that. The disposal waits for the deferred save.
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await app.Services.DisposeAsync();

        Assert.InRange(store.Saves.Arrived, 1, 2);
    }

    [Fact]
    [Trait("Case", "C36")]
    public async Task Another_processs_sign_out_wins_over_unsaved_tokens()
    {
        using var log = new CapturingLoggerProvider();
        var store = new FailingStore();
        await using var app = await OwingAsync(store, log.Add);
        store.SavesFail = false;
        await store.Other().SignOutAsync();

        app.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.UntilAsync(() => log.Messages.Any(message => message.EventName == "DeferredSaveSucceeded"));
        using var next = await app.GetAsync();

        Assert.Null(app.Api.Received[^1].Authorization);
        Assert.Equal(HttpStatusCode.Unauthorized, next.StatusCode);
        Assert.Null(await store.RefreshTokenAsync());
    }

    [Fact]
    [Trait("Case", "C22")]
    public async Task A_save_that_fails_while_the_app_ends_delays_no_caller()
    {
        var store = new FailingStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        store.SavesFail = true;
        var refresh = app.Tokens.Hold();
        var request = app.GetAsync();
        await refresh.ArrivedAsync(1);

        var disposing = app.Services.DisposeAsync().AsTask();
        refresh.Open();
        await disposing.WaitAsync(Gate.FailSafe, TimeProvider.System);

        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, store.Saves.Arrived);
    }

    [Fact]
    [Trait("Case", "C22")]
    public async Task A_save_that_fails_once_while_the_app_ends_is_made_before_the_end()
    {
        var store = new FailingStore();
        await using var app = TestApp.Over(store);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        store.FailingSaves = 1;
        var refresh = app.Tokens.Hold();
        var request = app.GetAsync();
        await refresh.ArrivedAsync(1);

        var disposing = app.Services.DisposeAsync().AsTask();
        refresh.Open();
        await disposing.WaitAsync(Gate.FailSafe, TimeProvider.System);

        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal("refresh-2", await store.RefreshTokenAsync());
    }

    [Fact]
    [Trait("Case", "S4")]
    public async Task A_deferred_save_is_tried_every_second()
    {
        var store = new FailingStore();
        PauseClock? clock = null;
        await using var app = await OwingAsync(store, services => services.AddSingleton<TimeProvider>(clock = new PauseClock()));

        int[] expected = [1, 1, 1, 1, 1];
        for (var attempt = 1; attempt <= expected.Length; attempt++)
        {
            await Eventually.UntilAsync(() => clock!.Pauses.Count == attempt);
            clock!.Advance(clock.Pauses[^1]);
            await store.Saves.ArrivedAsync(attempt + 1);
        }

        Assert.Equal(expected, clock!.Pauses.Take(expected.Length).Select(pause => (int)pause.TotalSeconds));
        await app.Session.SignOutAsync();
    }

    [Fact]
    [Trait("Case", "C22")]
    public async Task The_end_of_the_app_tries_once_more_and_then_lets_go()
    {
        var store = new FailingStore();
        await using var app = await OwingAsync(store);

        await app.Services.DisposeAsync().AsTask().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(2, store.Saves.Arrived);
    }

    [Fact]
    public async Task What_has_been_saved_late_is_not_saved_again()
    {
        using var log = new CapturingLoggerProvider();
        var store = new FailingStore();
        await using var app = await OwingAsync(store, log.Add);
        store.SavesFail = false;
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.UntilAsync(() => log.Messages.Any(message => message.EventName == "DeferredSaveSucceeded"));

        await app.Session.RefreshAsync();

        Assert.Equal(["refresh-1", "refresh-2"], app.Tokens.ReceivedRefreshTokens);
        Assert.Equal(3, store.Saves.Arrived);
        Assert.Equal("refresh-3", await store.RefreshTokenAsync());
    }

    /// <summary>An app that has refreshed once, and couldn't save what it got.</summary>
    private static async Task<TestApp> OwingAsync(FailingStore store, Action<IServiceCollection>? services = null)
    {
        var app = TestApp.Over(store, services: services);
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        store.SavesFail = true;
        using var unsaved = await app.GetAsync();
        Assert.Equal(HttpStatusCode.OK, unsaved.StatusCode);
        return app;
    }

    /// <summary>A clock that knows what is waited for between attempts to save.</summary>
    private sealed class PauseClock : FakeTimeProvider
    {
        // How long an attempt may take.
        private static readonly TimeSpan SaveTimeout = TimeSpan.FromSeconds(5);

        private readonly ConcurrentQueue<TimeSpan> _pauses = new();
        private volatile bool _isSaving;

        public IReadOnlyList<TimeSpan> Pauses => [.. _pauses];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            _isSaving |= dueTime == SaveTimeout;
            if (_isSaving && dueTime != SaveTimeout && dueTime > TimeSpan.Zero && period == Timeout.InfiniteTimeSpan)
            {
                _pauses.Enqueue(dueTime);
            }

            return timer;
        }
    }

    /// <summary>A store that saves, and is cut off before it can say so.</summary>
    private sealed class CutStore : StoreAround
    {
        public bool IsCut { get; set; }

        protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
        {
            var stored = await base.WriteAsync(write, cancellationToken);
            return IsCut && write.Kind == StoreWriteKind.Save ? throw new IOException("The connection was cut.") : stored;
        }
    }
}
