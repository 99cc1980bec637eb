using System;
using TokenRefresh.Storage;
using Xunit;

namespace TokenRefresh.Tests.Storage;

/// <summary>The record's transitions at their edges; what a store makes of them is told by the store contract.</summary>
public sealed class TokenRecordTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private static readonly TokenRecord SignedIn = new() { Lineage = "a", Version = 5, Tokens = new ProtectedTokens("one"), SavedAt = Now };

    [Theory]
    [InlineData(29.5, TokenStoreVerdict.Wait)]
    [InlineData(30, TokenStoreVerdict.Accepted)]
    public void A_lease_holds_until_its_end_and_not_at_it(double seconds, TokenStoreVerdict expected)
    {
        var held = Begin(SignedIn, "first", Now).Record;

        var answer = Begin(held, "second", Now.AddSeconds(seconds)).Answer;

        Assert.Equal(expected, answer.Verdict);
        Assert.Equal(expected == TokenStoreVerdict.Wait ? TimeSpan.FromSeconds(30 - seconds) : TimeSpan.Zero, answer.Delay);
        Assert.Equal(expected == TokenStoreVerdict.Accepted, answer.InDoubt);
    }

    [Theory]
    [InlineData(4.5, TokenStoreVerdict.BackOff)]
    [InlineData(5, TokenStoreVerdict.Accepted)]
    public void A_pause_holds_until_its_end_and_not_at_it(double seconds, TokenStoreVerdict expected)
    {
        var failed = TokenRecord.Fail(
            Begin(SignedIn, "first", Now).Record, Claim("first"), new ClaimFailure { RetryAfter = TimeSpan.FromSeconds(5) }, Now).Record;

        var answer = Begin(failed, "second", Now.AddSeconds(seconds)).Answer;

        Assert.Equal(expected, answer.Verdict);
        Assert.Equal(expected == TokenStoreVerdict.BackOff ? TimeSpan.FromSeconds(5 - seconds) : TimeSpan.Zero, answer.Delay);
        Assert.False(answer.InDoubt);
    }

    [Fact]
    public void A_claim_that_is_made_again_by_its_owner_is_accepted_and_holds_anew()
    {
        var first = Begin(SignedIn, "first", Now).Record;

        var again = Begin(first, "first", Now.AddSeconds(10));

        Assert.Equal(TokenStoreVerdict.Accepted, again.Answer.Verdict);
        Assert.Equal(Now.AddSeconds(40), again.Record!.LastAttempt!.LeaseEnds);
    }

    [Theory]
    [InlineData(7, 7)]
    [InlineData(0, 0)]
    [InlineData(-7, 0)]
    public void Tokens_are_as_old_as_the_clock_says_and_never_younger_than_new(double seconds, double age) =>
        Assert.Equal(age, TokenRecord.Read(SignedIn, Now.AddSeconds(seconds)).Answer.Age.TotalSeconds);

    [Theory]
    [InlineData(null, 0, 1)]
    [InlineData(null, 8, 9)]
    [InlineData(5L, 0, 6)]
    [InlineData(5L, 8, 9)]
    public void A_sign_in_and_a_sign_out_are_above_whatever_anybody_knew(long? version, long newerThan, long expected)
    {
        var record = version is { } known ? SignedIn with { Version = known } : null;

        Assert.Equal(expected, TokenRecord.SignIn(record, "b", newerThan, new ProtectedTokens("two"), Now).Record!.Version);
        Assert.Equal(expected, TokenRecord.SignOut(record, newerThan, Now).Record!.Version);
    }

    [Theory]
    [InlineData("b", 5)]
    [InlineData("a", 4)]
    [InlineData("a", 6)]
    public void A_claim_a_failure_and_a_commit_of_something_else_change_nothing(string lineage, long version)
    {
        var record = Begin(SignedIn, "first", Now).Record!;
        var claim = new RefreshClaim(lineage, version, "first", Lease);

        Assert.Same(record, TokenRecord.Begin(record, claim, Now).Record);
        Assert.Same(record, TokenRecord.Fail(record, claim, new ClaimFailure { Dead = ReLoginReason.Rejected }, Now).Record);
        Assert.Same(record, TokenRecord.Commit(record, lineage, version, new ProtectedTokens("two"), Now).Record);
    }

    [Fact]
    public void Where_there_is_no_record_there_is_nothing_to_claim_or_to_fail()
    {
        Assert.Equal("", TokenRecord.Read(null, Now).Answer.Lineage);
        Assert.Equal(new(null, new TokenStoreAnswer(TokenStoreVerdict.Missing)), Begin(null, "first", Now));
        Assert.Equal(new(null, new TokenStoreAnswer(TokenStoreVerdict.Missing)), TokenRecord.Fail(null, Claim("first"), new ClaimFailure(), Now));
    }

    [Fact]
    public void A_dead_login_tells_its_reason_and_code_and_can_be_claimed_by_nobody()
    {
        var failure = new ClaimFailure { Dead = ReLoginReason.LostRotation, Error = "invalid_grant" };
        var dead = TokenRecord.Fail(Begin(SignedIn, "first", Now).Record, Claim("first"), failure, Now).Record!;

        var answer = Begin(dead, "second", Now).Answer;

        Assert.Equal((TokenStoreVerdict.Dead, ReLoginReason.LostRotation, "invalid_grant", null), (answer.Verdict, answer.Reason, answer.Error, answer.Tokens));
        Assert.Equal(("a", 5), (answer.Lineage, answer.Version));
        Assert.Null(dead.LastAttempt);
    }

    [Fact]
    public void A_sign_out_leaves_no_lineage_and_no_tokens()
    {
        var closed = TokenRecord.SignOut(SignedIn, 0, Now);

        Assert.Equal(("", 6L, null, TokenStoreVerdict.Accepted), (closed.Record!.Lineage, closed.Record.Version, closed.Record.Tokens, closed.Answer.Verdict));
        Assert.Equal(TokenStoreVerdict.Closed, TokenRecord.Read(closed.Record, Now).Answer.Verdict);
        Assert.Equal(Now, closed.Record.SavedAt);
    }

    private static TokenRecord.Transition Begin(TokenRecord? record, string owner, DateTimeOffset now) => TokenRecord.Begin(record, Claim(owner), now);

    private static RefreshClaim Claim(string owner) => new("a", 5, owner, Lease);
}
