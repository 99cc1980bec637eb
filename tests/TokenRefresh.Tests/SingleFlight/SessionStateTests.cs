using Microsoft.Extensions.Time.Testing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Tests.SingleFlight;

/// <summary>The schedules that matter, one step after the other: who joins, who publishes, who lands.</summary>
public sealed class SessionStateTests
{
    private static readonly DateTime Now = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly FlightResult Failure = FlightResult.Failed(new FlightFailure(TokenRefreshFailure.Transient, "The server is away."));

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(Now));

    [Fact]
    public void A_caller_that_saw_an_older_snapshot_starts_no_flight()
    {
        var (state, old) = (Create(version: 1), SignedIn(1));
        state.StartLogin(old);
        state.StartLogin(SignedIn(2));

        var flight = state.Join(old, FlightReason.Expired);

        Assert.Same(Flight.Superseded, flight);
        Assert.Equal((0, null), (state.Led.Count, state.RunningFlight));
    }

    [Fact]
    public void Callers_of_one_snapshot_share_a_flight_also_after_it_has_published_an_intermediate_one()
    {
        var state = Create(version: 1);
        var start = state.Current;
        var flight = state.Join(start, FlightReason.Expired);
        var next = SignedIn(2, start.LoginId);

        Assert.True(state.TryPublish(start, next));

        Assert.Same(flight, state.Join(next, FlightReason.Rejected));
        Assert.Same(next, flight.Snapshot);
        Assert.Single(state.Led);
    }

    [Fact]
    public void A_flight_that_a_sign_in_superseded_lands_without_closing_the_next_one()
    {
        var state = Create(version: 1);
        var first = state.Join(state.Current, FlightReason.Expired);
        state.StartLogin(SignedIn(2));
        var second = state.Join(state.Current, FlightReason.Expired);

        state.Land(first, Failure);

        Assert.True(first.Result.IsCompleted);
        Assert.Same(second, state.RunningFlight);
        Assert.Null(state.CoolDown);
    }

    [Fact]
    public async Task A_flight_that_waits_for_itself_fails_at_once()
    {
        var state = Create(version: 1);
        var flight = state.Join(state.Current, FlightReason.Expired);
        Flight.Current = flight;

        var own = state.Join(state.Current, FlightReason.Expired);

        Assert.NotSame(flight, own);
        Assert.True(own.Result.IsCompleted);
        Assert.True((await own.Result).IsFailure(out var failure));
        Assert.Equal(TokenRefreshFailure.Configuration, failure.Kind);
    }

    [Theory]
    [InlineData(true, 2, false, false)]
    [InlineData(true, 3, false, false)]
    [InlineData(true, 4, false, true)]
    [InlineData(true, 2, true, false)]
    [InlineData(true, 3, true, true)]
    [InlineData(false, 2, false, true)]
    public void The_store_decides_which_sign_in_is_newer_and_unsaved_tokens_lose_a_tie(
        bool hasStore, long version, bool isUnsaved, bool isPublished)
    {
        var state = Create(version: 3, hasStore);
        if (isUnsaved)
        {
            ((SignedInSnapshot)state.Current).MarkUnsaved(storeLock: null);
        }

        var next = SignedIn(version);
        state.StartLogin(next);

        Assert.Equal(isPublished, state.Current == next);
    }

    [Fact]
    public void Tokens_are_announced_before_they_are_published()
    {
        var state = Create(version: 1);
        var announced = state.Announced;

        state.TryPublish(state.Current, SignedIn(2, state.Current.LoginId));
        state.StartLogin(SignedIn(3));
        state.StartLogin(new SignedOutSnapshot(4, ClockReading.Never));

        Assert.Equal(2, state.Announced - announced);
    }

    [Fact]
    public void A_rejection_of_a_token_that_was_just_refreshed_starts_nothing()
    {
        var state = Create(version: 1, isFromEndpoint: true);
        var current = (SignedInSnapshot)state.Current;

        Assert.False(state.TryReject(current));
        state.StartRefreshAfterRejection(current);
        Assert.Empty(state.Led);
        _time.Advance(TimeSpan.FromSeconds(6));
        state.StartRefreshAfterRejection(current);

        Assert.Single(state.Led);
        Assert.True(current.AccessToken.IsRejected);
    }

    [Theory]
    [InlineData(true, FlightReason.Expired, true)]
    [InlineData(true, FlightReason.Proactive, false)]
    [InlineData(false, FlightReason.Expired, false)]
    public void During_a_cool_down_a_flight_may_look_into_a_shared_store_for_a_request(bool hasStore, object reason, bool looks)
    {
        var state = Create(version: 1, hasStore);
        for (var failures = 0; failures < 3; failures++)
        {
            state.Land(state.Join(state.Current, FlightReason.Requested), Failure);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        var flight = state.Join(state.Current, (FlightReason)reason);

        Assert.Equal(looks, !flight.Result.IsCompleted);
        Assert.Equal(looks, flight.CallBlockedBy is not null);
    }

    private TestState Create(long version, bool hasStore = true, bool isFromEndpoint = false) => new(
        new FlightSettings("shop", _time, () => 0.5, TimeSpan.FromSeconds(5), hasStore), SignedIn(version, isFromEndpoint: isFromEndpoint));

    private SignedInSnapshot SignedIn(long version, LoginId? login = null, bool isFromEndpoint = false)
    {
        var schedule = new TokenSchedule(Now.AddSeconds(80), Now.AddSeconds(95), Now.AddSeconds(100));
        var slot = new AccessTokenSlot(schedule, ClockReading.Now(_time)) { IsFromEndpoint = isFromEndpoint };
        return new SignedInSnapshot(login ?? LoginId.New(), version, new TokenSet("access", "refresh"), slot);
    }

    private sealed class TestState(FlightSettings settings, SessionSnapshot initial) : SessionState(initial)
    {
        public override FlightSettings Settings => settings;

        public List<Flight> Led { get; } = [];

        public int Announced { get; private set; }

        protected override void Lead(Flight flight) => Led.Add(flight);

        protected override void OnSignedIn() => Announced++;
    }
}
