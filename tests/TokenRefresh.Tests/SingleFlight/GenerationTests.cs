using System;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.SingleFlight;
using Xunit;

namespace TokenRefresh.Tests.SingleFlight;

public sealed class GenerationTests
{
    private static readonly DateTime Start = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(Start));

    [Fact]
    public void Where_nobody_is_signed_in_there_is_no_login_and_no_header()
    {
        Assert.All(
            [Generation.NotLoaded, Generation.NeverSignedIn, Generation.SignedOut(1, null), Generation.Unasked(1)],
            none => Assert.Equal(("", ""), (none.Lineage, none.Header)));
    }

    [Fact]
    public void One_moment_is_a_refresh_of_a_login_or_a_look_where_there_is_none()
    {
        var moment = Moment.Now(_time);

        var signedIn = SignedIn(refreshed: moment);
        var signedOut = Generation.SignedOut(1, moment);

        Assert.Equal((moment, null), (signedIn.Refreshed, signedIn.Checked));
        Assert.Equal((null, moment), (signedOut.Refreshed, signedOut.Checked));
    }

    [Theory]
    [InlineData(99, true)]
    [InlineData(100, false)]
    public void A_token_is_dead_from_its_expiry_on(int seconds, bool isAlive)
    {
        var signedIn = SignedIn();

        _time.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(isAlive, signedIn.IsAlive(_time));
    }

    [Theory]
    [InlineData(79, nameof(RefreshDecision.Send))]
    [InlineData(80, nameof(RefreshDecision.SendAndRefreshAhead))]
    [InlineData(94, nameof(RefreshDecision.SendAndRefreshAhead))]
    [InlineData(95, nameof(RefreshDecision.Hold))]
    public void A_request_does_what_the_clock_says_of_its_token(int seconds, string decision)
    {
        var signedIn = SignedIn();

        _time.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(decision, RefreshDecisions.For(signedIn, _time).ToString());
    }

    [Theory]
    [InlineData(0.999, nameof(RefreshDecision.SendBare))]
    [InlineData(1.0, nameof(RefreshDecision.Hold))]
    public void That_there_is_no_login_is_believed_for_a_second(double seconds, string decision)
    {
        var signedOut = Generation.SignedOut(1, Moment.Now(_time));

        _time.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(decision, RefreshDecisions.For(signedOut, _time).ToString());
    }

    [Fact]
    public void What_has_been_saved_is_owed_no_more()
    {
        var signedIn = SignedIn();

        signedIn.MarkUnsaved();
        Assert.True(signedIn.IsUnsaved);
        signedIn.MarkSaved();

        Assert.False(signedIn.IsUnsaved);
    }

    private static Generation SignedIn(Moment? refreshed = null) => Generation.SignedIn(
        "lineage", 1, new TokenSet("access-1", "refresh-1"), "Bearer", new TokenSchedule(Start.AddSeconds(80), Start.AddSeconds(95), Start.AddSeconds(100)), refreshed);
}
