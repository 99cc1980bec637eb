using System;
using TokenRefresh.Storage;
using Xunit;

namespace TokenRefresh.Tests.Storage;

/// <summary>The rules of a shared login, each at its edges.</summary>
public sealed class LoginRulesTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);
    private static readonly TokenSet Tokens = new("access-1", "refresh-1");
    private static readonly HeldLogin Held = HeldLogin.SignedIn("a", 5, Tokens, revision: null, TimeSpan.FromSeconds(3));
    private static readonly LoginRecord Stored = new()
    {
        State = LoginState.SignedIn,
        LoginId = "a",
        Version = 5,
        Tokens = "one",
        TokenHash = TokenHash.Of(Tokens),
    };

    [Theory]
    [InlineData(29.5, true)]
    [InlineData(30, false)]
    public void A_lease_lasts_until_its_end_and_not_at_it(double seconds, bool isLeased)
    {
        var leased = Stored with { Lease = new RefreshLease("first", Duration) };

        var decision = Acquire(leased, seconds);

        Assert.Equal(isLeased ? LoginStatus.Leased : LoginStatus.Succeeded, decision.Status);
        Assert.Equal(isLeased ? TimeSpan.FromSeconds(30 - seconds) : TimeSpan.Zero, decision.Delay);
        Assert.Equal(isLeased ? null : true, decision.Write?.PossiblyUsed);
    }

    private static LoginDecision Acquire(LoginRecord? stored, double seconds, StoreLock storeLock = StoreLock.None) =>
        LoginRules.Acquire(stored, TimeSpan.FromSeconds(seconds), Held, new RefreshLease("mine", Duration), storeLock, () => Stored with { Tokens = "own" });
}
