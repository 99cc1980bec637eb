using System.Diagnostics;
using System.Reflection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Diagnostics;

/// <summary>What an app gets through the SDK of OpenTelemetry.</summary>
[Collection("Telemetry")]
public sealed class OpenTelemetryTests : IDisposable
{
    private static readonly ActivitySource Requests = new("TokenRefresh.Tests.Requests");

    private readonly List<Activity> _activities = [];
    private readonly TracerProvider _tracer;

    public OpenTelemetryTests() => _tracer = Sdk.CreateTracerProviderBuilder()
        .AddSource(TokenRefreshTelemetry.ActivitySourceName)
        .AddSource(Requests.Name)
        .AddInMemoryExporter(_activities)
        .Build();

    [Fact]
    public async Task A_flight_is_a_trace_of_its_own_linked_to_the_request_that_caused_it()
    {
        await using var app = await ExpiredAsync();

        ActivityContext request;
        using (var activity = Requests.StartActivity("request")!)
        {
            request = activity.Context;
            using var answer = await app.GetAsync();
        }

        var flight = Assert.Single(Flights());
        Assert.Equal(default, flight.ParentSpanId);
        Assert.NotEqual(request.TraceId, flight.TraceId);
        Assert.Equal(request, Assert.Single(flight.Links).Context);
        Assert.Equal(ActivityStatusCode.Unset, flight.Status);
        Assert.Equal(
            [("token_refresh.outcome", "refreshed"), ("token_refresh.reason", "rejected"), ("token_refresh.session", "orders"), ("token_refresh.waiters", "1")],
            flight.TagObjects.Select(tag => (tag.Key, tag.Value!.ToString()!)).Order());
    }

    [Fact]
    public async Task A_listener_that_throws_when_a_flight_begins_doesnt_stop_the_refresh()
    {
        await using var app = await ExpiredAsync();
        using var request = Requests.StartActivity("request")!;
        using var throwing = new ActivityListener
        {
            ShouldListenTo = source => source.Name == TokenRefreshTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Links?.Any(link => link.Context.TraceId == request.TraceId) ?? false
                    ? throw new InvalidOperationException("listener")
                    : ActivitySamplingResult.None,
        };
        ActivitySource.AddActivityListener(throwing);

        using var response = await app.GetAsync().WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(System.Net.HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, app.Tokens.Calls);
        Assert.Empty(Flights());
    }

    [Fact]
    public async Task Each_held_request_has_its_wait_in_its_own_trace_linked_to_the_flight()
    {
        await using var app = await ExpiredAsync();
        var refresh = app.Tokens.Hold();
        var contexts = new List<ActivityContext>();

        var requests = Enumerable.Range(0, 5).Select(_ => InActivityAsync(app, contexts)).ToArray();
        await refresh.ArrivedAsync(1);
        refresh.Open();
        await Task.WhenAll(requests).WaitAsync(Gate.FailSafe, TimeProvider.System);

        var flight = Assert.Single(Flights());
        var holds = _activities.Where(activity => activity.OperationName == TokenRefreshTelemetry.WaitActivity).ToList();
        Assert.Equal(contexts.Select(context => context.SpanId.ToString()).Order(), holds.Select(hold => hold.ParentSpanId.ToString()).Order());
        Assert.All(holds, hold => Assert.Equal(flight.Context, Assert.Single(hold.Links).Context));
        Assert.All(holds, hold => Assert.Equal("orders", hold.GetTagItem(TokenRefreshTelemetry.SessionTag)));
        Assert.Equal(5, flight.GetTagItem(TokenRefreshTelemetry.WaitersTag));
    }

    [Fact]
    public async Task The_token_call_belongs_to_the_flight_and_the_subscribers_do_not()
    {
        await using var app = await ExpiredAsync();
        Activity? inCall = null;
        var inSubscriber = new TaskCompletionSource<Activity?>(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Tokens.RespondOnce((_, _) =>
        {
            inCall = Activity.Current;
            return Task.FromResult<HttpResponseMessage?>(null);
        });
        app.Session.TokensRefreshed += (_, _) => inSubscriber.SetResult(Activity.Current);

        using (Requests.StartActivity("request"))
        {
            using var answer = await app.GetAsync();
        }

        Assert.Equal(Assert.Single(Flights()).Context, inCall?.Context);
        Assert.Null(await inSubscriber.Task);
    }

    [Fact]
    public async Task A_failed_flight_is_an_error_and_says_what_the_exception_says()
    {
        await using var app = await ExpiredAsync();
        app.Tokens.RespondAlways(System.Net.HttpStatusCode.BadRequest, """{"error":"invalid_client"}""");

        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        var flight = Assert.Single(Flights());
        Assert.Equal((ActivityStatusCode.Error, exception.Message), (flight.Status, flight.StatusDescription));
        Assert.Equal("configuration", flight.GetTagItem(TokenRefreshTelemetry.OutcomeTag));
    }

    [Fact]
    public async Task Without_an_activity_of_its_own_a_request_begins_no_trace()
    {
        await using var app = await ExpiredAsync();

        using var answer = await app.GetAsync();

        Assert.Equal([TokenRefreshTelemetry.RefreshActivity], _activities.Select(activity => activity.OperationName));
        Assert.Empty(_activities[0].Links);
    }

    [Fact]
    public async Task A_session_without_dependency_injection_reports_each_instrument_with_its_unit_and_buckets()
    {
        var metrics = new List<Metric>();
        using var provider = Sdk.CreateMeterProviderBuilder().AddMeter(TokenRefreshTelemetry.MeterName).AddInMemoryExporter(metrics).Build();
        using var tokens = new FakeTokenServer(TimeProvider.System);
        await using var session = TokenSession.Create(
            new TokenRefreshOptions
            {
                TokenEndpoint = new Uri("https://login.example.com/token"),
                ClientId = "shop",
                AllowedOrigins = { new Uri("https://api.example.com") },
                MinRefreshInterval = TimeSpan.Zero,
            }, new TokenSessionSettings
            {
                TokenEndpointHandler = tokens,
                Name = "by-hand",
            });
        await session.SignInAsync(tokens.Issue());
        using var api = new FakeApi(tokens);
        using var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = api });
        var address = new Uri("https://api.example.com/me");
        var gate = api.Hold();
        var late = client.GetAsync(address);
        await gate.ArrivedAsync(1);
        tokens.ExpireAccessTokens();
        await session.RefreshAsync();
        api.Release();
        await late;
        tokens.ExpireAccessTokens();
        tokens.RevokeRefreshTokens();
        var refresh = tokens.Hold();
        var dying = new[] { client.GetAsync(address), client.GetAsync(address) };
        await refresh.ArrivedAsync(1);
        refresh.Open();
        await Task.WhenAll(dying);

        provider.ForceFlush();

        var units = metrics.ToDictionary(metric => metric.Name, metric => metric.Unit);
        Assert.Equal("s", units[TokenRefreshTelemetry.RefreshDuration]);
        Assert.Equal(MetricNames().Order(), units.Keys.Order());
        Assert.Contains(PointsOf(metrics, TokenRefreshTelemetry.Sessions), point => Tags(point).SequenceEqual(["by-hand", "re_login_required"]) && point.GetSumLong() == 1);
        var buckets = new List<double>();
        foreach (var bucket in PointsOf(metrics, TokenRefreshTelemetry.RefreshDuration)[0].GetHistogramBuckets())
        {
            buckets.Add(bucket.ExplicitBound);
        }

        Assert.Equal([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, double.PositiveInfinity], buckets);
    }

    public void Dispose() => _tracer.Dispose();

    internal static IEnumerable<string> MetricNames() => typeof(TokenRefreshTelemetry)
        .GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)
        .Where(field => !field.Name.EndsWith("Name", StringComparison.Ordinal) && !field.Name.EndsWith("Tag", StringComparison.Ordinal) && !field.Name.EndsWith("Activity", StringComparison.Ordinal))
        .Select(field => (string)field.GetRawConstantValue()!);

    private static async Task<TestApp> ExpiredAsync()
    {
        var app = TestApp.Create();
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        return app;
    }

    private static async Task InActivityAsync(TestApp app, List<ActivityContext> contexts)
    {
        using var activity = Requests.StartActivity("request")!;
        lock (contexts)
        {
            contexts.Add(activity.Context);
        }

        using var answer = await app.GetAsync();
    }

    private static List<MetricPoint> PointsOf(List<Metric> metrics, string name)
    {
        var points = new List<MetricPoint>();
        foreach (var metric in metrics.Where(metric => metric.Name == name))
        {
            foreach (ref readonly var point in metric.GetMetricPoints())
            {
                points.Add(point);
            }
        }

        return points;
    }

    private static List<string> Tags(MetricPoint point)
    {
        var values = new List<string>();
        foreach (var tag in point.Tags)
        {
            values.Add((string)tag.Value!);
        }

        return values;
    }

    private List<Activity> Flights() => _activities.Where(activity => activity.OperationName == TokenRefreshTelemetry.RefreshActivity).ToList();
}
