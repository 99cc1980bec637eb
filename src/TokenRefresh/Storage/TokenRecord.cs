using System;

namespace TokenRefresh.Storage;

/// <summary>
/// The record of one session and its transitions, as pure functions of record and time. Every store of this package only has to make
/// one of them atomic; the Redis scripts say the same in Lua.
/// </summary>
internal sealed record TokenRecord
{
    public string Lineage { get; init; } = "";

    public long Version { get; init; }

    /// <summary><see langword="null"/> in a dead record and in a tombstone.</summary>
    public ProtectedTokens? Tokens { get; init; }

    public DateTimeOffset SavedAt { get; init; }

    public Ending? End { get; init; }

    public Attempt? LastAttempt { get; init; }

    /// <summary>How a login ended: dead with a reason, or signed out.</summary>
    public sealed record Ending(bool SignedOut, ReLoginReason Reason, string? Error);

    /// <summary>The refresh under way, or what is left of the last one at this version. Gone with the next version.</summary>
    public sealed record Attempt(string? Owner, DateTimeOffset LeaseEnds, DateTimeOffset RetryAt, bool InDoubt);

    public static Transition Read(TokenRecord? record, DateTimeOffset now) => new(record, Describe(record, now));

    public static Transition Begin(TokenRecord? record, RefreshClaim claim, DateTimeOffset now)
    {
        if (!IsCurrent(record, claim.Lineage, claim.Version))
        {
            return Read(record, now);
        }

        var last = record!.LastAttempt;
        if (last is { Owner: not null } && last.LeaseEnds > now && last.Owner != claim.Owner)
        {
            return new(record, record.Answer(TokenStoreVerdict.Wait, now) with { Delay = last.LeaseEnds - now });
        }

        if (last is not null && last.RetryAt > now)
        {
            return new(record, record.Answer(TokenStoreVerdict.BackOff, now) with { Delay = last.RetryAt - now });
        }

        // An owner that is still there left without a word: whether the server rotated for it, nobody knows.
        var inDoubt = last is not null && (last.InDoubt || last.Owner is not null);
        var begun = record with { LastAttempt = new Attempt(claim.Owner, now + claim.Lease, default, inDoubt) };
        return new(begun, begun.Answer(TokenStoreVerdict.Accepted, now) with { InDoubt = inDoubt });
    }

    public static Transition Commit(TokenRecord? record, string lineage, long version, ProtectedTokens tokens, DateTimeOffset now)
    {
        // A dead mark at this very version doesn't stand in the way: whoever brings tokens knows better.
        if (record is not null && (record.Lineage != lineage || record.Version != version || record.End is { SignedOut: true }))
        {
            return Read(record, now);
        }

        return Accept(new TokenRecord { Lineage = lineage, Version = version + 1, Tokens = tokens, SavedAt = now }, now);
    }

    public static Transition Fail(TokenRecord? record, RefreshClaim claim, ClaimFailure failure, DateTimeOffset now)
    {
        if (!IsCurrent(record, claim.Lineage, claim.Version) || record!.LastAttempt?.Owner != claim.Owner)
        {
            return Read(record, now);
        }

        if (failure.Dead is { } reason)
        {
            return Accept(record with { Tokens = null, End = new Ending(SignedOut: false, reason, failure.Error), LastAttempt = null }, now);
        }

        var retryAt = failure.RetryAfter is { } pause ? now + pause : default;
        return Accept(record with { LastAttempt = new Attempt(Owner: null, default, retryAt, failure.InDoubt || record.LastAttempt.InDoubt) }, now);
    }

    public static Transition SignIn(TokenRecord? record, string lineage, long newerThan, ProtectedTokens tokens, DateTimeOffset now) =>
        Accept(new TokenRecord { Lineage = lineage, Version = Next(record, newerThan), Tokens = tokens, SavedAt = now }, now);

    public static Transition SignOut(TokenRecord? record, long newerThan, DateTimeOffset now) =>
        Accept(new TokenRecord { Version = Next(record, newerThan), SavedAt = now, End = new Ending(SignedOut: true, default, null) }, now);

    private static bool IsCurrent(TokenRecord? record, string lineage, long version) =>
        record is not null && record.Lineage == lineage && record.Version == version && record.End is null;

    private static long Next(TokenRecord? record, long newerThan) => Math.Max(record?.Version ?? 0, newerThan) + 1;

    private static Transition Accept(TokenRecord record, DateTimeOffset now) => new(record, record.Answer(TokenStoreVerdict.Accepted, now));

    private static TokenStoreAnswer Describe(TokenRecord? record, DateTimeOffset now) => record switch
    {
        null => new TokenStoreAnswer(TokenStoreVerdict.Missing),
        { End: { SignedOut: true } } => record.Answer(TokenStoreVerdict.Closed, now),
        { End: { } end } => record.Answer(TokenStoreVerdict.Dead, now) with { Reason = end.Reason, Error = end.Error },
        _ => record.Answer(TokenStoreVerdict.Adopt, now) with { Tokens = record.Tokens },
    };

    private TokenStoreAnswer Answer(TokenStoreVerdict verdict, DateTimeOffset now) =>
        new(verdict) { Lineage = Lineage, Version = Version, Age = now > SavedAt ? now - SavedAt : TimeSpan.Zero };

    /// <summary>The record after a step, and what the caller is told.</summary>
    public readonly record struct Transition(TokenRecord? Record, TokenStoreAnswer Answer);
}
