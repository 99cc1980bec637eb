using Microsoft.Extensions.Time.Testing;
using Polly;
using TokenRefresh.Protocol;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Protocol;

public sealed class RefreshPipelineTests
{
    private static readonly TokenEndpointResult Good = TokenEndpointResult.Succeeded(new TokenSet("a"));
    private static readonly TokenEndpointResult Busy = TokenEndpointResult.Transient("busy");
    private static readonly TokenEndpointResult Cut = TokenEndpointResult.ResponseLost("cut");

    private static readonly Dictionary<string, (TokenEndpointResult[] Results, double[] Pauses)> Rows = new(StringComparer.Ordinal)
    {
        ["success"] = ([Good], []),
        ["busy once"] = ([Busy, Good], [0.5]),
        ["busy three times"] = ([Busy, Busy, Busy], [0.5, 1]),
        ["cut once"] = ([Cut, Good], []),
        ["cut twice"] = ([Cut, Cut], []),
        ["cut, then busy"] = ([Cut, Busy, Busy, Busy], [0.5, 1]),
        ["busy, then cut twice"] = ([Busy, Cut, Cut], [0.5]),
        ["cut, then dead"] = ([Cut, TokenEndpointResult.Rejected("invalid_grant")], []),
        ["a pause is asked for"] = ([TokenEndpointResult.Transient("busy", retryAfter: TimeSpan.FromSeconds(5))], []),
        ["no answer in time"] = ([TokenEndpointResult.TimedOut("late")], []),
        ["dead"] = ([TokenEndpointResult.Rejected("invalid_grant")], []),
        ["misconfigured"] = ([TokenEndpointResult.Misconfigured("x")], []),
        ["a successor alone"] = ([TokenEndpointResult.RefreshTokenOnly("r")], []),
    };

    public static TheoryData<string> Flights => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Flights))]
    public async Task A_flight_asks_as_often_as_it_may(string name)
    {
        var (results, pauses) = Rows[name];
        var time = new ImpatientTime(new FakeTimeProvider());
        var script = new Queue<TokenEndpointResult>(results);
        var pipeline = RefreshPipeline.Build(new TokenRefreshOptions(), time, () => 0.5, default);

        var last = await RefreshPipeline.ExecuteAsync(
            pipeline, _ => new ValueTask<TokenEndpointResult>(script.Dequeue()), previousFlightFailed: false, CancellationToken.None);

        Assert.Empty(script);
        Assert.Same(results[^1], last);
        Assert.Equal(pauses, time.Waits.Select(wait => wait.TotalSeconds));
    }

    [Theory]
    [Trait("Case", "B03")]
    [InlineData("busy", 1)]
    [InlineData("cut", 2)]
    [InlineData("cut, then busy", 2)]
    [InlineData("busy with a pause", 1)]
    public async Task After_a_flight_that_failed_the_next_one_makes_one_attempt(string name, int attempts)
    {
        var time = new ImpatientTime(new FakeTimeProvider());
        var script = new Queue<TokenEndpointResult>(name switch
        {
            "busy" => [Busy, Busy, Busy],
            "cut" => [Cut, Cut, Cut],
            "cut, then busy" => [Cut, Busy, Busy],
            _ => [TokenEndpointResult.Transient("busy", retryAfter: TimeSpan.FromSeconds(5)), Busy, Busy],
        });
        var pipeline = RefreshPipeline.Build(new TokenRefreshOptions(), time, () => 0.5, default);

        await RefreshPipeline.ExecuteAsync(
            pipeline, _ => new ValueTask<TokenEndpointResult>(script.Dequeue()), previousFlightFailed: true, CancellationToken.None);

        Assert.Equal(3 - attempts, script.Count);
        Assert.Empty(time.Waits);
    }

    [Fact]
    public async Task A_new_refresh_token_ends_the_attempts_with_the_old_one()
    {
        var time = new ImpatientTime(new FakeTimeProvider());
        var calls = 0;
        var pipeline = RefreshPipeline.Build(new TokenRefreshOptions(), time, () => 0.5, default);

        await RefreshPipeline.ExecuteAsync(
            pipeline,
            _ =>
            {
                calls++;
                return new ValueTask<TokenEndpointResult>(Busy.KeepNewRefreshToken("refresh-2"));
            },
            previousFlightFailed: false,
            CancellationToken.None);

        Assert.Equal(1, calls);
    }

    [Theory]
    [InlineData(0, 0.4)]
    [InlineData(1, 0.6)]
    public async Task Pauses_are_spread_by_a_fifth(double random, double pause)
    {
        var time = new ImpatientTime(new FakeTimeProvider());
        var script = new Queue<TokenEndpointResult>([Busy, Good]);
        var pipeline = RefreshPipeline.Build(new TokenRefreshOptions(), time, () => random, default);

        await pipeline.ExecuteAsync(_ => new ValueTask<TokenEndpointResult>(script.Dequeue()));

        Assert.Equal(pause, Assert.Single(time.Waits).TotalSeconds, tolerance: 0.001);
    }

    [Fact]
    [Trait("Case", "C31")]
    public async Task The_users_pipeline_replaces_ours()
    {
        var calls = 0;
        var time = new FakeTimeProvider();
        (string? Name, TimeProvider? Time) given = default;
        var options = new TokenRefreshOptions { ConfigureRefreshPipeline = builder => given = (builder.Name, builder.TimeProvider) };
        var pipeline = RefreshPipeline.Build(options, time, () => 0.5, default);

        var result = await pipeline.ExecuteAsync(_ =>
        {
            calls++;
            return new ValueTask<TokenEndpointResult>(Busy);
        });

        Assert.Same(Busy, result);
        Assert.Equal(1, calls);
        Assert.Equal(("TokenRefresh", time), given);
    }
}
