using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Refreshing;

/// <summary>Which sessions of users may leave the memory, when a flight needs no leader, and when a lease is over.</summary>
public sealed class SessionContextTests
{
    [Fact]
    public async Task A_session_that_was_never_used_can_be_evicted()
    {
        await using var app = TestApp.Over(new FailingStore(), options => options.UserKey = (_, _) => "alice");

        Assert.True(app.Sessions[TestApp.Name, "alice"].Context.CanBeEvicted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_session_that_is_signed_out_can_be_evicted_only_if_the_store_knows(bool isKnown)
    {
        var store = new FailingStore();
        await using var app = TestApp.Over(store, options => options.UserKey = (_, _) => "alice");
        var session = app.Sessions[TestApp.Name, "alice"];
        await session.SignInAsync(app.Tokens.Issue());
        store.IsAway = !isKnown;

        if (isKnown)
        {
            await session.SignOutAsync();
        }
        else
        {
            await Assert.ThrowsAsync<TokenRefreshException>(() => session.SignOutAsync());
        }

        Assert.Equal(isKnown, session.Context.CanBeEvicted);
    }

    [Fact]
    public async Task A_result_of_the_store_that_describes_no_login_is_an_error()
    {
        await using var app = TestApp.Create();
        var factory = new SnapshotFactory(app.Session.Context.Services);

        var failure = Assert.Throws<InvalidOperationException>(() =>
            factory.FromStore(new LoginStoreResult(LoginStatus.Leased, LoginRecord.Vacant), NotLoadedSnapshot.Initial));

        Assert.Contains("Leased", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("alice")]
    public async Task A_disposed_session_is_counted_in_no_state(string? userKey)
    {
        await using var app = TestApp.Create(options => options.UserKey = userKey is null ? null : (_, _) => userKey);
        var context = app.Sessions[TestApp.Name, userKey].Context;
        var sessions = (IObservedSessions?)(context.Services.Cache as UserSessions) ?? context.Owner;
        Assert.All(sessions.States, state => Assert.Equal(TokenSessionState.SignedOut, state));
        Assert.NotEmpty(sessions.States);

        await app.Services.DisposeAsync();

        Assert.Empty(sessions.States);
    }

    [Fact]
    public async Task A_session_without_a_store_that_is_signed_out_can_be_evicted()
    {
        await using var app = TestApp.Create(options => options.UserKey = (_, _) => "alice");
        var session = app.Sessions[TestApp.Name, "alice"];
        await session.SignInAsync(app.Tokens.Issue());
        Assert.False(session.Context.CanBeEvicted);

        await session.SignOutAsync();

        Assert.True(session.Context.CanBeEvicted);
    }

    [Fact]
    public void A_flight_that_has_ended_before_it_began_needs_no_leader() =>
        Assert.False(Flight.Ended(FlightResult.Completed).TryLead());

    [Fact]
    public async Task A_session_of_the_container_is_not_ended_by_its_own_disposal()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();

        await app.Session.DisposeAsync();

        await app.Session.RefreshAsync(TestContext.Current.CancellationToken);
        Assert.Equal("access-2", await app.Session.GetAccessTokenAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_flight_that_opens_while_the_session_is_disposed_fails_at_once_and_calls_nothing()
    {
        await using var app = TestApp.Create();
        await app.SignInAsync();
        var context = app.Session.Context;
        await app.Sessions.DisposeAsync();

        var flight = context.Join(context.Current, FlightReason.Requested);
        var result = await flight.Result.WaitAsync(Gate.FailSafe, TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.True(result.IsFailure(out var failure) && failure.IsDisposed);
        Assert.Null(context.RunningFlight);
        Assert.Equal(0, app.Tokens.Calls);
    }

    [Fact]
    public void A_lease_is_over_when_its_time_is()
    {
        var time = new FakeTimeProvider();
        var lease = new LeaseClaim(
            new RefreshLease("holder", TimeSpan.FromSeconds(35)), ClockReading.Now(time), TimeSpan.FromSeconds(30));

        time.Advance(TimeSpan.FromSeconds(30) - TimeSpan.FromMilliseconds(1));
        Assert.False(lease.IsOver(time));
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(lease.IsOver(time));
    }
}
