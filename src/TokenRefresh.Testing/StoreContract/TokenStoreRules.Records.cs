using System;
using System.Threading.Tasks;

namespace TokenRefresh.Testing;

// Reading, signing in and out, and whose record is whose.
internal sealed partial class TokenStoreRules
{
    public async Task Without_a_sign_in_there_is_no_record()
    {
        Check.Equal(TokenStoreVerdict.Missing, (await Store.ReadAsync(Key, default)).Verdict);
        Check.Equal(TokenStoreVerdict.Missing, (await BeginAsync(Store, "a", 1)).Verdict);
    }

    public async Task What_was_signed_in_is_read_as_it_was()
    {
        var signedIn = await Store.SignInAsync(Key, "a", 0, Tokens("one \"ü\" \r\n"), default);

        var read = await Other.ReadAsync(Key, default);

        Check.Equal(TokenStoreVerdict.Accepted, signedIn.Verdict);
        Check.Equal((TokenStoreVerdict.Adopt, "a", 1, "one \"ü\" \r\n"), (read.Verdict, read.Lineage, read.Version, read.Tokens?.Value));
        Check.Equal((signedIn.Lineage, signedIn.Version), (read.Lineage, read.Version));
    }

    public async Task A_sign_in_is_above_every_version_there_was()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await CommitAsync(Store, "a", 1, "two");

        Check.Equal(3, (await Store.SignInAsync(Key, "b", 0, Tokens("three"), default)).Version);
        Check.Equal(8, (await Store.SignInAsync(Key, "c", 7, Tokens("four"), default)).Version);
    }

    public async Task The_age_of_tokens_is_told_by_the_stores_clock()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await contract.ElapseAsync(ShortLease);

        Check.InRange((await Other.ReadAsync(Key, default)).Age, ShortLease - TimeSpan.FromMilliseconds(50), ShortLease + TimeSpan.FromSeconds(20));
    }

    public async Task A_sign_in_ends_a_dead_login()
    {
        await DieAsync();

        await Store.SignInAsync(Key, "b", 0, Tokens("new"), default);

        Check.Equal((TokenStoreVerdict.Adopt, "new"), await VerdictAndTokensAsync());
    }

    public async Task A_sign_out_wins_over_a_late_commit_and_a_late_failure()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "owner");

        var signedOut = await Other.SignOutAsync(Key, 1, default);
        var late = await CommitAsync(Store, "a", 1, "two");
        var failed = await FailAsync(Store, "a", 1, "owner", new ClaimFailure { Dead = ReLoginReason.Rejected });

        Check.Equal((TokenStoreVerdict.Accepted, 2), (signedOut.Verdict, signedOut.Version));
        Check.Equal(TokenStoreVerdict.Closed, late.Verdict);
        Check.Equal(TokenStoreVerdict.Closed, failed.Verdict);
        Check.Equal((TokenStoreVerdict.Closed, null), await VerdictAndTokensAsync());
    }

    public async Task A_sign_out_and_commits_at_once_leave_nobody_signed_in()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);

        await Task.WhenAll(
            Task.Run(() => CommitAsync(Store, "a", 1, "two")),
            Task.Run(() => Other.SignOutAsync(Key, 1, default).AsTask()),
            Task.Run(() => CommitAsync(Other, "a", 1, "two")),
            Task.Run(() => CommitAsync(Other, "a", 2, "three")));

        Check.Equal(TokenStoreVerdict.Closed, (await Store.ReadAsync(Key, default)).Verdict);
    }

    public async Task A_sign_in_after_a_sign_out_starts_above_the_tombstone()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        var signedOut = await Store.SignOutAsync(Key, 1, default);

        var signedIn = await Store.SignInAsync(Key, "b", 0, Tokens("new"), default);

        Check.True(signedIn.Version > signedOut.Version);
    }

    public async Task Records_of_other_sessions_and_users_are_others()
    {
        TokenSessionKey[] keys = [new(Key.SessionName), new(Key.SessionName, "c"), new(Key.SessionName + "c"), new(Key.SessionName + ":1", "c"), new(Key.SessionName, "1:c")];
        for (var i = 0; i < keys.Length; i++)
        {
            await Store.SignInAsync(keys[i], "a", 0, Tokens("tokens-" + i), default);
        }

        await Store.SignOutAsync(keys[1], 1, default);

        for (var i = 0; i < keys.Length; i++)
        {
            Check.Equal(i == 1 ? null : "tokens-" + i, (await Other.ReadAsync(keys[i], default)).Tokens?.Value);
        }
    }
}
