using System.Linq;
using System.Threading.Tasks;

namespace TokenRefresh.Testing;

// Saving what a refresh brought: once, and late rather than never.
internal sealed partial class TokenStoreRules
{
    public async Task Of_twenty_commits_at_one_version_one_is_accepted_and_all_others_learn_it()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => CommitAsync(i % 2 == 0 ? Store : Other, "a", 1, "two-" + i))));

        var saved = await Store.ReadAsync(Key, default);
        Check.Equal(2, saved.Version);
        foreach (var answer in Check.OneAccepted(answers))
        {
            Check.Equal((TokenStoreVerdict.Adopt, saved.Tokens?.Value), (answer.Verdict, answer.Tokens?.Value));
        }
    }

    public async Task A_commit_frees_the_next_version_for_a_claim()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1);
        await CommitAsync(Store, "a", 1, "two");

        var next = await BeginAsync(Other, "a", 2);

        Check.Equal((TokenStoreVerdict.Accepted, false), (next.Verdict, next.InDoubt));
    }

    public async Task A_commit_of_another_lineage_changes_nothing()
    {
        await Store.SignInAsync(Key, "b", 0, Tokens("b"), default);

        var late = await CommitAsync(Other, "a", 1, "a");

        Check.Equal((TokenStoreVerdict.Adopt, "b"), (late.Verdict, late.Lineage));
        Check.Equal("b", (await Store.ReadAsync(Key, default)).Tokens?.Value);
    }

    public async Task A_commit_makes_a_record_where_there_is_none()
    {
        var answer = await CommitAsync(Store, "a", 4, "five");

        Check.Equal((TokenStoreVerdict.Accepted, 5), (answer.Verdict, answer.Version));
        Check.Equal("five", (await Other.ReadAsync(Key, default)).Tokens?.Value);
    }

    public async Task A_late_commit_wins_over_whoever_took_the_lease()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "slow", ShortLease);
        await contract.ElapseAsync(ShortLease + ShortLease);
        await BeginAsync(Other, "a", 1, "next");

        var late = await CommitAsync(Store, "a", 1, "two");
        var failed = await FailAsync(Other, "a", 1, "next", new ClaimFailure { Dead = ReLoginReason.LostRotation });

        Check.Equal(TokenStoreVerdict.Accepted, late.Verdict);
        Check.Equal((TokenStoreVerdict.Adopt, "two"), (failed.Verdict, failed.Tokens?.Value));
    }

    public async Task A_late_success_wins_over_a_dead_mark_at_its_version()
    {
        await DieAsync();

        var late = await CommitAsync(Other, "a", 1, "two");

        Check.Equal((TokenStoreVerdict.Accepted, 2), (late.Verdict, late.Version));
        Check.Equal((TokenStoreVerdict.Adopt, "two"), await VerdictAndTokensAsync());
    }

    public async Task A_dead_mark_at_a_newer_version_stands_against_a_late_commit()
    {
        await Store.SignInAsync(Key, "a", 5, Tokens("one"), default);
        await BeginAsync(Store, "a", 6, "owner");
        await FailAsync(Store, "a", 6, "owner", new ClaimFailure { Dead = ReLoginReason.Rejected });

        Check.Equal(TokenStoreVerdict.Dead, (await CommitAsync(Other, "a", 5, "late")).Verdict);
    }
}
