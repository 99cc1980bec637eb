using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage;

/// <summary>What follows from a record: each rule at its edges. <see cref="LoginOrderTests"/> has which record counts.</summary>
public sealed class LoginRulesTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);
    private static readonly RefreshLease Mine = new("mine", Duration);
    private static readonly RefreshLease Others = new("other", Duration);
    private static readonly TokenSet Tokens = new("access-1", "refresh-1");
    private static readonly HeldLogin Held = HeldLogin.SignedIn("a", 5, Tokens, revision: null, TimeSpan.FromSeconds(3));
    private static readonly LoginRecord Stored = new()
    {
        State = LoginState.SignedIn,
        LoginId = "a",
        Version = 5,
        Tokens = "stored",
        TokensAge = TimeSpan.FromMinutes(2),
        TokenHash = TokenHash.Of(Tokens),
    };

    private static readonly LoginRecord Own = Stored with { Tokens = "own", TokensAge = TimeSpan.FromSeconds(3) };

    [Theory]
    [InlineData(0, true)]
    [InlineData(29.5, true)]
    [InlineData(30, false)]
    [InlineData(1000, false)]
    public void A_lease_lasts_until_its_end_and_not_at_it(double seconds, bool isLeased)
    {
        var decision = Acquire(Stored with { Lease = Others }, seconds);

        Assert.Equal(isLeased ? LoginStatus.Leased : LoginStatus.Succeeded, decision.Status);
        Assert.Equal(isLeased ? TimeSpan.FromSeconds(30 - seconds) : TimeSpan.Zero, decision.Delay);
        Assert.Equal(isLeased ? null : Mine, decision.Write?.Lease);
        Assert.Equal(isLeased ? null : true, decision.Write?.PossiblyUsed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(40)]
    [Trait("Case", "S3")]
    public void A_lease_of_the_same_holder_is_its_own_and_starts_again(double seconds)
    {
        var decision = Acquire(Stored with { Lease = Mine }, seconds);

        Assert.Equal((LoginStatus.Succeeded, Mine, false), (decision.Status, decision.Write?.Lease, decision.Write?.PossiblyUsed));
    }

    [Theory]
    [InlineData(20, 3, 10)]
    [InlineData(28, 3, 3)]
    [InlineData(1000, 3, 3)]
    [InlineData(1000, 0, null)]
    [Trait("Case", "S4")]
    public void After_an_outage_of_the_store_others_have_a_while_to_save_what_they_have(double seconds, double grace, int? delay)
    {
        var terms = new LeaseTerms(TimeSpan.FromSeconds(seconds), StoreLock.None, TimeSpan.FromSeconds(grace));

        var others = LoginRules.Acquire(Stored with { Lease = Others }, Held, Mine, terms, () => Own);
        var own = LoginRules.Acquire(Stored with { Lease = Mine }, Held, Mine, terms, () => Own);
        var none = LoginRules.Acquire(Stored, Held, Mine, terms, () => Own);
        var locked = LoginRules.Acquire(Stored with { Lease = Others }, Held, Mine, terms with { StoreLock = StoreLock.Held }, () => Own);

        Assert.Equal(delay is null ? LoginStatus.Succeeded : LoginStatus.Leased, others.Status);
        Assert.Equal(TimeSpan.FromSeconds(delay ?? 0), others.Delay);
        Assert.All([own, none, locked], decision => Assert.Equal(LoginStatus.Succeeded, decision.Status));
    }

    [Theory]
    [InlineData(4.5, true)]
    [InlineData(5, false)]
    public void A_pause_lasts_until_its_end_and_not_at_it(double seconds, bool isPaused)
    {
        var decision = Acquire(Stored with { RetryPause = TimeSpan.FromSeconds(5) }, seconds);

        Assert.Equal(isPaused ? LoginStatus.RetryLater : LoginStatus.Succeeded, decision.Status);
        Assert.Equal(isPaused ? TimeSpan.FromSeconds(5 - seconds) : TimeSpan.Zero, decision.Delay);
        Assert.Equal(isPaused ? null : TimeSpan.Zero, decision.Write?.RetryPause);
    }

    [Fact]
    public void A_lease_is_written_over_the_same_record_with_the_tokens_as_old_as_they_are()
    {
        var decision = Acquire(Stored, 60);

        Assert.Equal(Own with { Lease = Mine, TokensAge = TimeSpan.FromMinutes(3) }, decision.Write);
    }

    [Fact]
    public void A_token_that_is_possibly_used_stays_so_from_lease_to_lease()
    {
        var used = Stored with { PossiblyUsed = true };

        Assert.True(Acquire(used, 0).Write!.PossiblyUsed);
        Assert.True(LoginRules.Release(used with { Lease = Mine }, default, Held, Mine, new LeaseRelease())!.PossiblyUsed);
        Assert.True(LoginRules.Release(Stored with { Lease = Mine }, default, Held, Mine, new LeaseRelease { PossiblyUsed = true })!.PossiblyUsed);
        Assert.False(LoginRules.Release(Stored with { Lease = Mine }, default, Held, Mine, new LeaseRelease())!.PossiblyUsed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [Trait("Case", "S2")]
    [Trait("Case", "S6")]
    public void The_holder_of_the_stores_own_lock_takes_over_the_lease_of_a_dead_process_at_once(double seconds)
    {
        var decision = Acquire(Stored with { Lease = Others }, seconds, StoreLock.Held);

        Assert.Equal((LoginStatus.Succeeded, Mine, true), (decision.Status, decision.Write?.Lease, decision.Write?.PossiblyUsed));
    }

    [Theory]
    [InlineData("no lease")]
    [InlineData("lease")]
    [InlineData("lease that is over")]
    [InlineData("own lease")]
    [InlineData("pause")]
    [InlineData("older")]
    [InlineData("no record")]
    [Trait("Case", "S6")]
    public void While_another_holder_has_the_stores_lock_nothing_is_taken_or_written(string kind)
    {
        var stored = kind switch
        {
            "no lease" => Stored,
            "own lease" => Stored with { Lease = Mine },
            "pause" => Stored with { RetryPause = Duration },
            "older" => Stored with { Version = 4 },
            "no record" => null,
            _ => Stored with { Lease = Others },
        };

        var decision = Acquire(stored, kind == "lease that is over" ? 100 : 1, StoreLock.Busy);

        Assert.Equal(new LoginDecision(LoginStatus.Leased, null, LoginRules.LockPollInterval), decision);
    }

    [Theory]
    [InlineData(nameof(LoginState.SignedIn), nameof(LoginStatus.Newer))]
    [InlineData(nameof(LoginState.Ended), nameof(LoginStatus.LoginEnded))]
    [InlineData(nameof(LoginState.SignedOut), nameof(LoginStatus.SignedOut))]
    public void A_newer_record_is_adopted_by_every_operation_of_a_refresh(string state, string expected)
    {
        foreach (var storeLock in new[] { StoreLock.None, StoreLock.Held, StoreLock.Busy })
        {
            var newer = Stored with { State = Enum.Parse<LoginState>(state), Version = 6, Lease = Others };
            LoginDecision[] decisions =
            [
                Acquire(newer, 0, storeLock),
                LoginRules.Load(newer, Held, () => Own),
                LoginRules.Save(newer, Held, Own with { Version = 6 }),
                LoginRules.End(newer, default, Held, Mine, Ended),
            ];

            Assert.All(decisions, decision => Assert.Equal((expected, null), (decision.Status.ToString(), decision.Write)));
            Assert.Null(LoginRules.Release(newer, default, Held, Mine, new LeaseRelease()));
        }
    }

    [Fact]
    [Trait("Case", "S1")]
    public void Into_a_store_that_lost_the_record_it_is_written_back_first_without_a_lease()
    {
        var decision = Acquire(null, 0);

        Assert.Equal((LoginStatus.Succeeded, Own with { PossiblyUsed = true }), (decision.Status, decision.Write));
    }

    [Fact]
    [Trait("Case", "S1")]
    [Trait("Case", "A2")]
    public void Over_an_older_record_the_own_one_is_written_back_with_the_lease()
    {
        foreach (var state in new[] { LoginState.SignedIn, LoginState.Ended, LoginState.SignedOut })
        {
            var decision = Acquire(Stored with { State = state, Version = 4, Lease = Others, LoginId = "other" }, 0);

            Assert.Equal((LoginStatus.Succeeded, Own with { PossiblyUsed = true, Lease = Mine }), (decision.Status, decision.Write));
        }
    }

    [Fact]
    [Trait("Case", "A2")]
    public void An_end_of_another_token_is_overwritten()
    {
        var decision = Acquire(Stored with { State = LoginState.Ended, Tokens = null, TokenHash = "other" }, 0);

        Assert.Equal((LoginStatus.Succeeded, Mine), (decision.Status, decision.Write?.Lease));
    }

    [Fact]
    public void A_login_that_has_ended_gets_no_lease()
    {
        var ended = HeldLogin.Ended("a", 5, TokenHash.Of(Tokens), ReLoginReason.Rejected, null);

        var same = LoginRules.Acquire(Ended, ended, Mine, default, () => Ended);
        var wentBack = LoginRules.Acquire(Stored with { Version = 4 }, ended, Mine, default, () => Ended);

        Assert.Equal((LoginStatus.LoginEnded, null), (same.Status, same.Write));
        Assert.Equal((LoginStatus.LoginEnded, Ended), (wentBack.Status, wentBack.Write));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Case", "B77")]
    public void Without_a_login_a_lease_is_taken_for_the_first_tokens(bool isSignedOut)
    {
        var held = isSignedOut ? HeldLogin.SignedOut(5) : HeldLogin.None;
        var stored = isSignedOut ? LoginRecordFactory.SignedOut(5) : null;

        var first = LoginRules.Acquire(stored, held, Mine, default, () => LoginRecord.Vacant);
        var second = LoginRules.Acquire(first.Write, held, Others, default, () => LoginRecord.Vacant);

        Assert.Equal((LoginStatus.Succeeded, Mine), (first.Status, first.Write?.Lease));
        Assert.Equal(TimeSpan.FromDays(7), first.Write?.KeepFor);
        Assert.Equal(stored?.Mark, first.Write?.Mark);
        Assert.Equal((LoginStatus.Leased, Duration), (second.Status, second.Delay));
    }

    [Fact]
    public void A_load_finds_what_is_held_or_nothing()
    {
        Assert.Equal(new LoginDecision(LoginStatus.Succeeded), LoginRules.Load(Stored, Held, () => Own));
        Assert.Equal(new LoginDecision(LoginStatus.NotFound), LoginRules.Load(null, HeldLogin.None, () => Own));
        Assert.Equal(new LoginDecision(LoginStatus.NotFound), LoginRules.Load(LoginRecord.Vacant with { Lease = Others }, HeldLogin.None, () => Own));
    }

    [Fact]
    [Trait("Case", "S1")]
    public void A_load_writes_back_what_the_store_has_lost()
    {
        Assert.Equal(new LoginDecision(LoginStatus.Succeeded, Own), LoginRules.Load(null, Held, () => Own));
        Assert.Equal(new LoginDecision(LoginStatus.Succeeded, Own), LoginRules.Load(Stored with { Version = 4 }, Held, () => Own));
    }

    [Theory]
    [InlineData(nameof(LoginState.SignedIn), "a")]
    [InlineData(nameof(LoginState.Ended), "a")]
    [InlineData(nameof(LoginState.SignedIn), "other")]
    [InlineData(nameof(LoginState.Ended), "other")]
    public void A_success_wins_over_everything_known_of_its_version_but_a_sign_out(string state, string loginId)
    {
        var next = Own with { Version = 6 };
        var stored = Stored with { State = Enum.Parse<LoginState>(state), LoginId = loginId, Lease = Others, PossiblyUsed = true };

        Assert.Equal(new LoginDecision(LoginStatus.Succeeded, next), LoginRules.Save(stored, Held, next));
        Assert.Equal(new LoginDecision(LoginStatus.Succeeded, next), LoginRules.Save(stored with { Version = 4 }, Held, next));
        Assert.Equal(new LoginDecision(LoginStatus.Succeeded, next), LoginRules.Save(null, Held, next));
        Assert.Equal(LoginStatus.SignedOut, LoginRules.Save(LoginRecordFactory.SignedOut(5), Held, next).Status);
        Assert.Equal(new LoginDecision(LoginStatus.Succeeded, next), LoginRules.Save(LoginRecordFactory.SignedOut(4), Held, next));
    }

    [Fact]
    public void A_rejected_token_ends_the_login_under_its_own_lease_under_none_and_after_others()
    {
        Assert.Equal(new LoginDecision(LoginStatus.LoginEnded, Ended), LoginRules.End(Stored with { Lease = Mine }, default, Held, Mine, Ended));
        Assert.Equal(new LoginDecision(LoginStatus.LoginEnded, Ended), LoginRules.End(Stored, default, Held, Mine, Ended));
        Assert.Equal(new LoginDecision(LoginStatus.LoginEnded, Ended), LoginRules.End(Stored with { Lease = Others }, Duration, Held, Mine, Ended));
        Assert.Equal(new LoginDecision(LoginStatus.LoginEnded, Ended), LoginRules.End(null, default, Held, Mine, Ended));
        Assert.Equal(new LoginDecision(LoginStatus.LoginEnded, Ended), LoginRules.End(Stored with { Version = 4, Lease = Others }, default, Held, Mine, Ended));
    }

    [Fact]
    public void A_rejected_token_that_another_process_has_taken_over_ends_nothing_yet()
    {
        var decision = LoginRules.End(Stored with { Lease = Others }, TimeSpan.FromSeconds(10), Held, Mine, Ended);

        Assert.Equal(new LoginDecision(LoginStatus.Leased, null, TimeSpan.FromSeconds(20)), decision);
    }

    [Theory]
    [InlineData("no record")]
    [InlineData("no lease")]
    [InlineData("other lease")]
    [InlineData("other version")]
    public void A_lease_that_isnt_the_records_any_more_is_not_given_up(string kind)
    {
        var stored = kind switch
        {
            "no record" => null,
            "no lease" => Stored,
            "other lease" => Stored with { Lease = Others },
            _ => Stored with { Lease = Mine, Version = 4 },
        };

        Assert.Null(LoginRules.Release(stored, default, Held, Mine, new LeaseRelease { RetryAfter = Duration }));
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData(7, 7)]
    [InlineData(-7, 0)]
    public void A_lease_that_is_given_up_leaves_the_servers_pause_and_the_rest_as_it_was(int? retryAfter, int pause)
    {
        var stored = Stored with { Lease = Mine, KeepFor = TimeSpan.FromHours(1) };
        var release = new LeaseRelease { RetryAfter = retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null };

        var released = LoginRules.Release(stored, TimeSpan.FromMinutes(1), Held, Mine, release);

        var expected = Stored with { RetryPause = TimeSpan.FromSeconds(pause), TokensAge = TimeSpan.FromMinutes(3), KeepFor = TimeSpan.FromMinutes(59) };
        Assert.Equal(expected, released);
        Assert.Equal(TimeSpan.Zero, LoginRules.Release(stored, TimeSpan.FromHours(2), Held, Mine, release)!.KeepFor);
        Assert.Null(LoginRules.Release(stored with { KeepFor = null }, TimeSpan.FromHours(2), Held, Mine, release)!.KeepFor);
    }

    [Theory]
    [InlineData(null, 0, 1_893_456_000_001)]
    [InlineData(5L, 8, 1_893_456_000_001)]
    [InlineData(1_893_456_000_000, 0, 1_893_456_000_001)]
    [InlineData(1_893_456_000_007, 0, 1_893_456_000_008)]
    [InlineData(null, 1_893_456_000_007, 1_893_456_000_008)]
    public void A_sign_in_and_a_sign_out_are_above_the_record_what_is_known_and_the_time(long? version, long known, long expected) =>
        Assert.Equal(expected, LoginRules.NextVersion(version is { } stored ? Stored with { Version = stored } : null, known, Now));

    [Theory]
    [InlineData(null, "NotFound")]
    [InlineData("None", "NotFound")]
    [InlineData("SignedIn", "Newer")]
    [InlineData("Ended", "LoginEnded")]
    [InlineData("SignedOut", "SignedOut")]
    public void A_process_that_adopts_a_record_takes_its_state(string? state, string status)
    {
        var stored = state is null ? null : Stored with { State = Enum.Parse<LoginState>(state) };

        Assert.Equal(status, LoginRules.Adopt(stored).Status.ToString());
    }

    [Theory]
    [InlineData(null, "Succeeded")]
    [InlineData("None", "Succeeded")]
    [InlineData("SignedOut", "Succeeded")]
    [InlineData("SignedIn", "Newer")]
    [InlineData("Ended", "LoginEnded")]
    public void A_client_without_a_token_acquires_a_record_without_a_login(string? state, string status)
    {
        var stored = state is null ? null : Stored with { State = Enum.Parse<LoginState>(state) };

        var decision = LoginRules.Acquire(stored, HeldLogin.None, Mine, new LeaseTerms(TimeSpan.Zero), () => LoginRecord.Vacant);

        Assert.Equal(status, decision.Status.ToString());
        Assert.Equal(status == "Succeeded" ? Mine : null, decision.Write?.Lease);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_record_without_a_login_at_the_version_of_a_login_counts(bool isEnded)
    {
        var held = isEnded ? HeldLogin.Ended("a", 5, TokenHash.Of(Tokens), ReLoginReason.Rejected, error: null) : Held;

        var order = LoginRules.Compare(LoginRecord.Vacant with { Version = 5 }, held);

        Assert.Equal(RecordOrder.Newer, order);
    }

    private static LoginRecord Ended => LoginRecordFactory.Ended(Held, ReLoginReason.LostRotation, "invalid_grant");

    private static LoginDecision Acquire(LoginRecord? stored, double seconds, StoreLock storeLock = StoreLock.None) =>
        LoginRules.Acquire(stored, Held, Mine, new LeaseTerms(TimeSpan.FromSeconds(seconds), storeLock), () => Own);
}
