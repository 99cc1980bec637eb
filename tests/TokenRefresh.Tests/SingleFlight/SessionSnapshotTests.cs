using Microsoft.Extensions.Time.Testing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Tests.SingleFlight;

public sealed class SessionSnapshotTests
{
    private static readonly DateTime Start = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(Start));

    [Fact]
    public void A_session_without_a_login_has_no_login_id() => Assert.All(
        new SessionSnapshot[] { NotLoadedSnapshot.Initial, SignedOutSnapshot.Initial, new SignedOutSnapshot(1, ClockReading.Never) },
        snapshot => Assert.True(snapshot.LoginId.IsNone));

    [Theory]
    [InlineData(99, true)]
    [InlineData(100, false)]
    public void A_token_is_unexpired_until_its_expiry(int seconds, bool isUnexpired)
    {
        var signedIn = SignedIn();

        _time.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(isUnexpired, signedIn.AccessToken.IsUnexpired(_time));
    }

    [Theory]
    [InlineData(79, nameof(RefreshDecision.Send))]
    [InlineData(80, nameof(RefreshDecision.SendAndRefresh))]
    [InlineData(94, nameof(RefreshDecision.SendAndRefresh))]
    [InlineData(95, nameof(RefreshDecision.Wait))]
    public void The_clock_decides_what_to_do_with_a_request(int seconds, string decision)
    {
        var signedIn = SignedIn();

        _time.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(decision, signedIn.Decide(_time).ToString());
    }

    [Fact]
    public void A_rejected_token_is_not_sent_whatever_the_clock_says()
    {
        var signedIn = SignedIn();

        signedIn.AccessToken.Reject();

        Assert.Equal(RefreshDecision.Wait, signedIn.Decide(_time));
        Assert.False(signedIn.AccessToken.IsUnexpired(_time));
    }

    [Theory]
    [InlineData(0.999, nameof(RefreshDecision.SendWithoutToken))]
    [InlineData(1.0, nameof(RefreshDecision.Wait))]
    public void The_store_is_read_again_after_a_second_without_a_login(double seconds, string decision)
    {
        var signedOut = new SignedOutSnapshot(1, ClockReading.Now(_time));

        _time.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(decision, signedOut.Decide(_time).ToString());
    }

    [Fact]
    public void A_sign_out_that_the_store_has_not_recorded_is_not_read_again()
    {
        var signedOut = new SignedOutSnapshot(1, ClockReading.Never);

        _time.Advance(TimeSpan.FromDays(1));

        Assert.True(signedOut.AwaitsStore);
        Assert.Equal(RefreshDecision.SendWithoutToken, signedOut.Decide(_time));
    }

    [Fact]
    public void Requests_wait_while_the_user_can_be_asked_and_are_answered_locally_afterwards()
    {
        var end = new LoginEnd(ReLoginReason.Rejected, "invalid_grant", TokenHash: null);
        var ended = new EndedSnapshot(LoginId.New(), 1, end, ClockReading.Never, canAskUser: true);

        Assert.Equal(RefreshDecision.Wait, ended.Decide(_time));
        Assert.Equal(RefreshDecision.AnswerLocally, ended.AfterAsking().Decide(_time));
    }

    [Fact]
    public void Tokens_can_be_marked_as_unsaved_and_saved()
    {
        var signedIn = SignedIn();

        signedIn.MarkUnsaved(storeLock: null);
        Assert.True(signedIn.IsUnsaved);
        signedIn.MarkSaved();

        Assert.False(signedIn.IsUnsaved);
    }

    [Fact]
    public void Versions_with_one_access_token_are_rejected_together()
    {
        var first = SignedIn();
        var second = new SignedInSnapshot(first.LoginId, 2, first.Tokens, first.AccessToken);

        first.AccessToken.Reject();

        Assert.True(second.AccessToken.IsRejected);
        Assert.True(second.Replaces(first));
        Assert.False(first.Replaces(first));
    }

    private static SignedInSnapshot SignedIn()
    {
        var schedule = new TokenSchedule(Start.AddSeconds(80), Start.AddSeconds(95), Start.AddSeconds(100));
        return new SignedInSnapshot(LoginId.New(), 1, new TokenSet("access-1", "refresh-1"), new AccessTokenSlot(schedule, ClockReading.Never));
    }
}
