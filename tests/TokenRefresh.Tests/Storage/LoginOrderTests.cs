using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage;

/// <summary>Which counts, the stored record or what a process holds: every combination.</summary>
[Trait("Case", "A2")]
[Trait("Case", "S1")]
public sealed class LoginOrderTests
{
    private const string Same = nameof(RecordOrder.Same);
    private const string Newer = nameof(RecordOrder.Newer);
    private const string Older = nameof(RecordOrder.Older);

    private static readonly TokenSet Tokens = new("access-1", "refresh-1");

    [Theory]
    [InlineData("no record", Same)]
    [InlineData("None", Same)]
    [InlineData("SignedIn", Newer)]
    [InlineData("Ended", Newer)]
    [InlineData("SignedOut", Newer)]
    public void A_process_that_knows_nothing_adopts_whatever_is_there(string stored, string expected)
    {
        Assert.Equal(expected, Compare(Stored(stored, 5), HeldLogin.None));
        Assert.Equal(expected, Compare(Stored(stored, 5), HeldLogin.SignedOut(0)));
    }

    [Theory]
    [InlineData("SignedIn")]
    [InlineData("Ended")]
    [InlineData("SignedOut")]
    public void The_higher_version_counts_whatever_it_says(string held)
    {
        foreach (var stored in new[] { "SignedIn", "Ended", "SignedOut" })
        {
            Assert.Equal(Older, Compare(Stored(stored, 4), Held(held)));
            Assert.Equal(Older, Compare(Stored(stored, 4) with { LoginId = "other", TokenHash = "other" }, Held(held)));
            Assert.Equal(Newer, Compare(Stored(stored, 6), Held(held)));
            Assert.Equal(Newer, Compare(Stored(stored, 6) with { LoginId = "other", TokenHash = "other" }, Held(held)));
        }
    }

    [Theory]
    [InlineData("SignedIn")]
    [InlineData("Ended")]
    [InlineData("SignedOut")]
    public void A_lost_record_is_older_than_anything_that_is_held(string held)
    {
        Assert.Equal(Older, Compare(null, Held(held)));
        Assert.Equal(Older, Compare(LoginRecord.Vacant with { Lease = new RefreshLease("other", TimeSpan.FromMinutes(1)) }, Held(held)));
    }

    [Theory]
    [InlineData("SignedIn", "SignedIn", "same login, same token", Same)]
    [InlineData("SignedIn", "SignedIn", "same login, other token", Newer)]
    [InlineData("SignedIn", "SignedIn", "other login, same token", Newer)]
    [InlineData("SignedIn", "SignedIn", "other login, other token", Newer)]
    [InlineData("SignedIn", "Ended", "same login, same token", Newer)]
    [InlineData("SignedIn", "Ended", "same login, other token", Older)]
    [InlineData("SignedIn", "Ended", "other login, same token", Older)]
    [InlineData("SignedIn", "Ended", "other login, other token", Older)]
    [InlineData("SignedIn", "SignedOut", "", Newer)]
    [InlineData("Ended", "SignedIn", "same login, same token", Older)]
    [InlineData("Ended", "SignedIn", "same login, other token", Newer)]
    [InlineData("Ended", "SignedIn", "other login, same token", Newer)]
    [InlineData("Ended", "SignedIn", "other login, other token", Newer)]
    [InlineData("Ended", "Ended", "same login, same token", Same)]
    [InlineData("Ended", "Ended", "same login, other token", Same)]
    [InlineData("Ended", "Ended", "other login, same token", Newer)]
    [InlineData("Ended", "Ended", "other login, other token", Newer)]
    [InlineData("Ended", "SignedOut", "", Newer)]
    [InlineData("SignedOut", "SignedIn", "", Older)]
    [InlineData("SignedOut", "Ended", "", Older)]
    [InlineData("SignedOut", "SignedOut", "", Same)]
    public void At_one_version_a_sign_out_wins_and_an_end_counts_for_its_own_token_only(string held, string stored, string whose, string expected)
    {
        var record = Stored(stored, 5);
        record = whose.StartsWith("other login", StringComparison.Ordinal) ? record with { LoginId = "other" } : record;
        record = whose.EndsWith("other token", StringComparison.Ordinal) ? record with { TokenHash = "other" } : record;

        Assert.Equal(expected, Compare(record, Held(held)));
    }

    [Theory]
    [InlineData("SignedIn", Newer)]
    [InlineData("Ended", Same)]
    public void An_end_whose_token_isnt_known_kills_no_token(string stored, string expected) =>
        Assert.Equal(expected, Compare(Stored(stored, 5), HeldLogin.Ended("a", 5, tokenHash: null, ReLoginReason.Rejected, null)));

    private static string Compare(LoginRecord? stored, HeldLogin held) => LoginRules.Compare(stored, held).ToString();

    private static HeldLogin Held(string state) => state switch
    {
        "SignedIn" => HeldLogin.SignedIn("a", 5, Tokens, revision: null, TimeSpan.Zero),
        "Ended" => HeldLogin.Ended("a", 5, TokenHash.Of(Tokens), ReLoginReason.Rejected, "invalid_grant"),
        _ => HeldLogin.SignedOut(5),
    };

    private static LoginRecord Stored(string state, long version) => state switch
    {
        "no record" => null!,
        "None" => LoginRecord.Vacant,
        "SignedOut" => LoginRecordFactory.SignedOut(version),
        _ => new LoginRecord
        {
            State = Enum.Parse<LoginState>(state),
            LoginId = "a",
            Version = version,
            Tokens = state == "SignedIn" ? "one" : null,
            TokenHash = TokenHash.Of(Tokens),
        },
    };
}
