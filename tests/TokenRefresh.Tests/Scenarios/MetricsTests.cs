using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>The metrics of many requests at once, of a failure, of a late 401 and of a user.</summary>
public sealed class MetricsTests
{
    [Fact]
    public async Task A_storm_is_one_refresh_that_all_others_have_joined_and_each_request_is_held_once()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        using var refreshes = Collect<long>(app, TokenRefreshTelemetry.Refreshes);
        using var held = Collect<long>(app, TokenRefreshTelemetry.WaitingRequests);
        using var joined = Collect<long>(app, TokenRefreshTelemetry.JoinedWaiters);
        using var replays = Collect<long>(app, TokenRefreshTelemetry.Resends);
        using var late = Collect<long>(app, TokenRefreshTelemetry.Stale401s);
        var refresh = app.Tokens.Hold();

        var requests = await app.SendAtOnceAsync(200);
        app.Tokens.ExpireAccessTokens();
        app.Api.Release();
        await held.WaitForMeasurementsAsync(200).WaitAsync(Gate.FailSafe, TimeProvider.System);
        var heldMeanwhile = Sum(held);
        var refreshesMeanwhile = Sum(refreshes);
        refresh.Open();
        await TestApp.StatusesOf(requests);

        Assert.Equal((200, 0), (heldMeanwhile, refreshesMeanwhile));
        Assert.Equal((0, 1, 199, 200, 0), (Sum(held), Sum(refreshes), Sum(joined), Sum(replays), Sum(late)));
        Assert.Equal(("orders", "rejected", "refreshed"), TagsOf(refreshes.LastMeasurement!));
    }

    [Fact]
    public async Task Whoever_waits_for_a_refresh_that_began_in_the_background_has_joined_it()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        using var joined = Collect<long>(app, TokenRefreshTelemetry.JoinedWaiters);
        var refresh = app.Tokens.Hold();
        app.Time.Advance(TimeSpan.FromSeconds(270));
        using var ahead = await app.GetAsync();
        await refresh.ArrivedAsync(1);

        // No longer sent: who comes now waits.
        app.Time.Advance(TimeSpan.FromSeconds(20));
        var request = app.GetAsync();
        refresh.Open();
        using var response = await request;

        Assert.Equal(["access-1", "access-2"], app.Api.Received.Select(received => received.Token));
        Assert.Equal(1, Sum(joined));
    }

    [Fact]
    public async Task A_cancelled_request_is_held_no_longer_than_it_waits()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        using var held = Collect<long>(app, TokenRefreshTelemetry.WaitingRequests);
        using var leaving = new CancellationTokenSource();
        var refresh = app.Tokens.Hold();
        var request = app.GetAsync(leaving.Token);
        await refresh.ArrivedAsync(1);

        var before = Sum(held);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);

        Assert.Equal((1, 0), (before, Sum(held)));
    }

    [Fact]
    public async Task A_late_401_is_counted_as_a_refresh_that_was_not_needed()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        using var late = Collect<long>(app, TokenRefreshTelemetry.Stale401s);
        using var replays = Collect<long>(app, TokenRefreshTelemetry.Resends);
        using var held = Collect<long>(app, TokenRefreshTelemetry.WaitingRequests);
        var requests = await app.SendAtOnceAsync(3);
        app.Tokens.ExpireAccessTokens();
        await app.Session.RefreshAsync();
        held.Clear();

        app.Api.Release();
        await TestApp.StatusesOf(requests);

        Assert.Equal((3, 3, 0), (Sum(late), Sum(replays), held.GetMeasurementSnapshot().Count));
    }

    [Fact]
    public async Task A_401_that_arrives_after_the_login_has_died_is_no_refresh_that_was_spared()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        using var late = Collect<long>(app, TokenRefreshTelemetry.Stale401s);
        var requests = await app.SendAtOnceAsync(3);
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.RefreshAsync());

        app.Api.Release();
        await TestApp.StatusesOf(requests);

        Assert.Equal(0, Sum(late));
    }

    [Theory]
    [MemberData(nameof(EndpointAnswers.Names), MemberType = typeof(EndpointAnswers))]
    public async Task Whatever_the_token_endpoint_answers_is_counted_as_what_it_means(string name)
    {
        var row = EndpointAnswers.Get(name);
        await using var scene = await Scene.SetAsync(row.Mode);
        using var refreshes = Collect<long>(scene.App, TokenRefreshTelemetry.Refreshes);
        using var reLogins = Collect<long>(scene.App, TokenRefreshTelemetry.LoginsEnded);
        scene.App.Tokens.RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(row.Answer()));

        await scene.HoldAndExpireAsync(1);

        var outcome = row.Outcome switch
        {
            EndpointAnswers.Outcome.Committed => "refreshed",
            EndpointAnswers.Outcome.ReLogin => "re_login_required",
            EndpointAnswers.Outcome.Configuration => "configuration",
            _ => "transient",
        };
        Assert.Equal(("orders", "rejected", outcome), TagsOf(Assert.Single(refreshes.GetMeasurementSnapshot())));
        Assert.Equal(row.Outcome == EndpointAnswers.Outcome.ReLogin ? 1 : 0, Sum(reLogins));
        Assert.All(reLogins.GetMeasurementSnapshot(), dead => Assert.Equal(
            row.Reason == ReLoginReason.InteractionRequired ? "interaction_required" : "rejected", dead.Tags[TokenRefreshTelemetry.ReasonTag]));
    }

    [Theory]
    [InlineData("requested", 0)]
    [InlineData("proactive", 260)]
    [InlineData("expired", 290)]
    public async Task A_refresh_says_why_it_was_begun(string reason, int age)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        using var refreshes = Collect<long>(app, TokenRefreshTelemetry.Refreshes);
        app.Time.Advance(TimeSpan.FromSeconds(age));

        await (reason == "requested" ? app.Session.RefreshAsync() : app.GetAsync());

        await refreshes.WaitForMeasurementsAsync(1).WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal(("orders", reason, "refreshed"), TagsOf(Assert.Single(refreshes.GetMeasurementSnapshot())));
    }

    [Fact]
    public async Task A_refresh_that_a_sign_out_overtook_brought_nothing()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        using var refreshes = Collect<long>(app, TokenRefreshTelemetry.Refreshes);
        var refresh = app.Tokens.Hold();
        var refreshing = app.Session.RefreshAsync();
        await refresh.ArrivedAsync(1);

        await app.Session.SignOutAsync();
        refresh.Open();
        await Assert.ThrowsAsync<TokenRefreshException>(() => refreshing);

        await refreshes.WaitForMeasurementsAsync(1).WaitAsync(Gate.FailSafe, TimeProvider.System);
        Assert.Equal(("orders", "requested", "superseded"), TagsOf(Assert.Single(refreshes.GetMeasurementSnapshot())));
    }

    [Fact]
    public async Task A_user_who_logs_in_on_the_spot_is_a_login_that_died_and_a_refresh_that_succeeded()
    {
        TestApp? asked = null;
        await using var app = asked = TestApp.Create(options => options.SignInInteractively = (_, _) => Task.FromResult<TokenSet?>(asked!.Tokens.Issue()));
        await app.SignInAsync();
        using var refreshes = Collect<long>(app, TokenRefreshTelemetry.Refreshes);
        using var reLogins = Collect<long>(app, TokenRefreshTelemetry.LoginsEnded);
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();

        using var answer = await app.GetAsync();

        Assert.Equal((HttpStatusCode.OK, 1), (answer.StatusCode, Sum(reLogins)));
        Assert.Equal(("orders", "rejected", "refreshed"), TagsOf(Assert.Single(refreshes.GetMeasurementSnapshot())));
    }

    [Fact]
    public async Task Tokens_that_another_process_brought_are_adopted()
    {
        await using var scene = await Scene.SetAsync();
        using var refreshes = Collect<long>(scene.App, TokenRefreshTelemetry.Refreshes);
        await scene.Store.RotateElsewhereAsync(new TokenSet("access-9", "refresh-9"));

        await scene.HoldAndExpireAsync(1);

        Assert.Equal(("orders", "rejected", "loaded_from_store"), TagsOf(Assert.Single(refreshes.GetMeasurementSnapshot())));
    }

    [Fact]
    public async Task A_look_into_the_store_is_no_refresh()
    {
        await using var first = await Scene.SetAsync();
        await using var second = TestApp.Over(first.Store);
        using var refreshes = Collect<long>(second, TokenRefreshTelemetry.Refreshes);

        var token = await second.Session.GetAccessTokenAsync();

        Assert.Equal("access-1", token);
        Assert.Empty(refreshes.GetMeasurementSnapshot());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(12.5)]
    public async Task The_duration_of_a_refresh_is_measured_in_seconds_by_the_clock_of_the_app(double seconds)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        using var duration = Collect<double>(app, TokenRefreshTelemetry.RefreshDuration);
        var refresh = app.Tokens.Hold();
        var refreshing = app.Session.RefreshAsync();
        await refresh.ArrivedAsync(1);

        app.Time.Advance(TimeSpan.FromSeconds(seconds));
        refresh.Open();
        await refreshing;

        var measured = Assert.Single(duration.GetMeasurementSnapshot());
        Assert.Equal("s", duration.Instrument!.Unit);
        Assert.Equal(seconds, measured.Value);
        Assert.Equal(new HashSet<string> { TokenRefreshTelemetry.SessionTag, TokenRefreshTelemetry.OutcomeTag }, measured.Tags.Keys.ToHashSet());
    }

    [Fact]
    public async Task Sessions_are_counted_by_state_and_never_by_user()
    {
        await using var app = TestApp.Create();
        using var sessions = Collect<long>(app, TokenRefreshTelemetry.Sessions);
        foreach (var user in new[] { "user-1", "user-2", "user-3" })
        {
            await app.Sessions[TestApp.Name, user].SignInAsync(app.Tokens.Issue());
        }

        await app.Sessions[TestApp.Name, "user-3"].SignOutAsync();
        sessions.RecordObservableInstruments();

        Assert.Equal(
            [("not_loaded", 0), ("re_login_required", 0), ("signed_in", 2), ("signed_out", 2)],
            sessions.GetMeasurementSnapshot().Select(count => ((string)count.Tags[TokenRefreshTelemetry.StateTag]!, count.Value)).Order());
        Assert.DoesNotContain(sessions.GetMeasurementSnapshot().SelectMany(count => count.Tags.Values), tag => ((string)tag!).Contains("user", StringComparison.Ordinal));
    }

    [Fact]
    public void A_session_that_was_made_by_hand_and_forgotten_is_not_kept_for_being_counted()
    {
        var forgotten = Forget();

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        Assert.False(forgotten.TryGetTarget(out _));
    }

    [Fact]
    public async Task A_request_with_a_good_token_measures_nothing()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var measured = 0;
        var meters = app.Services.GetRequiredService<IMeterFactory>();
        using var all = new MeterListener { InstrumentPublished = (instrument, listener) => Enable(instrument, listener, meters) };
        all.SetMeasurementEventCallback<long>((_, _, _, _) => measured++);
        all.SetMeasurementEventCallback<double>((_, _, _, _) => measured++);
        all.Start();

        using var answer = await app.GetAsync();

        Assert.Equal((HttpStatusCode.OK, 0), (answer.StatusCode, measured));
        await app.Session.RefreshAsync();
        Assert.NotEqual(0, measured);
    }

    [Theory]
    [InlineData(TokenRefreshTelemetry.Refreshes)]
    [InlineData(TokenRefreshTelemetry.WaitingRequests)]
    [InlineData(TokenRefreshTelemetry.Resends)]
    public async Task A_listener_that_throws_strands_no_request(string instrumentName)
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var meters = app.Services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, listener) => Enable(instrument, listener, meters, instrumentName) };
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => throw new InvalidOperationException("A listener that throws."));
        listener.Start();
        app.Tokens.ExpireAccessTokens();

        using var answer = await app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await Eventually.UntilAsync(() => !app.Refreshes.IsEmpty);
        Assert.Single(app.Refreshes);
    }

    [Fact]
    public async Task A_trace_listener_that_throws_costs_no_request_its_token()
    {
        using var requests = new ActivitySource("TokenRefresh.Tests.Requests");
        using var own = new ActivityListener
        {
            ShouldListenTo = source => source == requests,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(own);
        await using var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        var refresh = app.Tokens.Hold();
        using var activity = requests.StartActivity("request")!;
        using var throwing = new ActivityListener
        {
            ShouldListenTo = source => source.Name == TokenRefreshTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Name == TokenRefreshTelemetry.WaitActivity && options.Parent.TraceId == activity.TraceId
                    ? throw new InvalidOperationException("A listener that throws.")
                    : ActivitySamplingResult.None,
        };
        ActivitySource.AddActivityListener(throwing);
        var request = app.GetAsync();
        await refresh.ArrivedAsync(1);
        refresh.Open();

        using var response = await request.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference<TokenSession> Forget() => new(TokenSession.Create(new TokenRefreshOptions
    {
        TokenEndpoint = new Uri("https://login.example.com/token"),
        ClientId = "shop",
        AllowedOrigins = { new Uri("https://api.example.com") },
    }));

    // Other tests create their meters at the same time, and call this after the app's end, too: it uses nothing of the container.
    private static void Enable(Instrument instrument, MeterListener listener, IMeterFactory meters, string? only = null)
    {
        if (ReferenceEquals(instrument.Meter.Scope, meters) && instrument.Meter.Name == TokenRefreshTelemetry.MeterName && (only is null || instrument.Name == only))
        {
            listener.EnableMeasurementEvents(instrument);
        }
    }

    // Each app has its own meter, so this listener doesn't get the measurements of other tests.
    private static MetricCollector<T> Collect<T>(TestApp app, string instrument)
        where T : struct => new(app.Services.GetRequiredService<IMeterFactory>(), TokenRefreshTelemetry.MeterName, instrument);

    private static long Sum(MetricCollector<long> collector) => collector.GetMeasurementSnapshot().Sum(measurement => measurement.Value);

    private static (string, string, string) TagsOf(CollectedMeasurement<long> measurement) => (
        (string)measurement.Tags[TokenRefreshTelemetry.SessionTag]!,
        (string)measurement.Tags[TokenRefreshTelemetry.ReasonTag]!,
        (string)measurement.Tags[TokenRefreshTelemetry.OutcomeTag]!);
}
