using System;
using System.Linq;
using System.Threading.Tasks;

namespace TokenRefresh.Testing;

// Who may refresh, and what becomes of a claim that brings nothing.
internal sealed partial class TokenStoreRules
{
    public async Task Of_fifty_claims_at_once_one_is_accepted_and_the_others_wait()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => BeginAsync(i % 2 == 0 ? Store : Other, "a", 1))));

        foreach (var answer in Check.OneAccepted(answers))
        {
            Check.Equal(TokenStoreVerdict.Wait, answer.Verdict);
            Check.InRange(answer.Delay, TimeSpan.FromTicks(1), LongLease);
        }
    }

    public async Task A_claim_on_an_old_version_is_told_the_newer_tokens()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await CommitAsync(Store, "a", 1, "two");

        var answer = await BeginAsync(Other, "a", 1);

        Check.Equal((TokenStoreVerdict.Adopt, 2, "two"), (answer.Verdict, answer.Version, answer.Tokens?.Value));
    }

    public async Task A_claim_of_another_lineage_is_told_the_new_logins_tokens()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await Store.SignInAsync(Key, "b", 0, Tokens("two"), default);

        var answer = await BeginAsync(Other, "a", 2);

        Check.Equal((TokenStoreVerdict.Adopt, "b", "two"), (answer.Verdict, answer.Lineage, answer.Tokens?.Value));
    }

    public async Task A_lease_that_ended_is_taken_over_and_leaves_doubt()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "gone", ShortLease);
        await contract.ElapseAsync(ShortLease + ShortLease);

        var taken = await BeginAsync(Other, "a", 1, "next");
        var third = await BeginAsync(Store, "a", 1, "third");

        Check.Equal((TokenStoreVerdict.Accepted, true), (taken.Verdict, taken.InDoubt));
        Check.Equal(TokenStoreVerdict.Wait, third.Verdict);
    }

    public async Task A_claim_that_is_given_back_can_be_taken_at_once()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "first");

        var failed = await FailAsync(Store, "a", 1, "first", new ClaimFailure());
        var next = await BeginAsync(Other, "a", 1, "second");

        Check.Equal(TokenStoreVerdict.Accepted, failed.Verdict);
        Check.Equal((TokenStoreVerdict.Accepted, false), (next.Verdict, next.InDoubt));
    }

    public async Task Doubt_goes_on_from_claim_to_claim_until_a_commit()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "first");
        await FailAsync(Store, "a", 1, "first", new ClaimFailure { InDoubt = true });
        var second = await BeginAsync(Other, "a", 1, "second");
        await FailAsync(Other, "a", 1, "second", new ClaimFailure());
        var third = await BeginAsync(Store, "a", 1, "third");
        await CommitAsync(Store, "a", 1, "two");
        var afterwards = await BeginAsync(Other, "a", 2, "fourth");

        Check.Equal((true, true, false), (second.InDoubt, third.InDoubt, afterwards.InDoubt));
    }

    public async Task A_pause_that_the_server_asked_for_holds_everybody()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "first");
        await FailAsync(Store, "a", 1, "first", new ClaimFailure { RetryAfter = ShortLease });

        var held = await BeginAsync(Other, "a", 1, "second");
        await contract.ElapseAsync(ShortLease + ShortLease);
        var free = await BeginAsync(Other, "a", 1, "second");

        Check.Equal(TokenStoreVerdict.BackOff, held.Verdict);
        Check.InRange(held.Delay, TimeSpan.FromTicks(1), ShortLease);
        Check.Equal(TokenStoreVerdict.Accepted, free.Verdict);
    }

    public async Task Only_the_owner_of_a_claim_can_end_it()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "owner");

        var strange = await FailAsync(Other, "a", 1, "stranger", new ClaimFailure { Dead = ReLoginReason.Rejected });
        var stale = await FailAsync(Other, "a", 0, "owner", new ClaimFailure { Dead = ReLoginReason.Rejected });

        Check.Equal(TokenStoreVerdict.Adopt, strange.Verdict);
        Check.Equal(TokenStoreVerdict.Adopt, stale.Verdict);
        Check.Equal("one", (await Store.ReadAsync(Key, default)).Tokens?.Value);
    }

    public async Task A_dead_login_is_dead_for_all_and_its_tokens_are_gone()
    {
        await DieAsync();

        var read = await Other.ReadAsync(Key, default);
        var begun = await BeginAsync(Other, "a", 1);

        Check.Equal((TokenStoreVerdict.Dead, ReLoginReason.InteractionRequired, "login_required"), (read.Verdict, read.Reason, read.Error));
        Check.Equal((TokenStoreVerdict.Dead, "a", 1), (begun.Verdict, begun.Lineage, begun.Version));
        Check.Equal(null, read.Tokens?.Value);
    }
}
