namespace TokenRefresh.Storage;

/// <summary>The stored record, compared with the login that a process has.</summary>
internal enum RecordOrder
{
    /// <summary>The record and the process have the same.</summary>
    Same,

    /// <summary>The record is newer: the process adopts it.</summary>
    Newer,

    /// <summary>The process has a newer login: the store went back to an earlier record, or lost it.</summary>
    Older,
}

/// <summary>Whether this process holds the store's own lock.</summary>
internal enum StoreLock
{
    /// <summary>The store has no lock: leases end by time.</summary>
    None,

    /// <summary>This process holds it: the holder of any lease in the record is gone.</summary>
    Held,

    /// <summary>Another holder is alive.</summary>
    Busy,
}

/// <summary>The conditions for a lease besides the record.</summary>
/// <param name="Age">The age of the record, by the store's clock or by this process's own watch, whichever is greater.</param>
/// <param name="StoreLock">Whether the store's own lock is held.</param>
/// <param name="Grace">
/// The least time that another holder's lease still lasts. After an outage of the store the holder needs it to save its tokens.
/// </param>
internal readonly record struct LeaseTerms(TimeSpan Age, StoreLock StoreLock = StoreLock.None, TimeSpan Grace = default);

/// <summary>The decision for a record: the caller's result, or the record to write next.</summary>
/// <param name="Status">The result after <paramref name="Write"/> is written, or at once if there is nothing to write.</param>
/// <param name="Write">The record to write over the one that was read; <see langword="null"/> if there is nothing to write.</param>
/// <param name="Delay">How long to wait, with <see cref="LoginStatus.Leased"/> and <see cref="LoginStatus.RetryLater"/>.</param>
internal readonly record struct LoginDecision(LoginStatus Status, LoginRecord? Write = null, TimeSpan Delay = default);

/// <summary>
/// All rules of a shared login, as pure functions. Their arguments are the stored record (<see langword="null"/>: none), its age, the login
/// that this process has or that its refresh started from, and the record that it would write: its own (<c>own</c>), one version further
/// (<c>next</c>), or the end of the login. Versions define the order. A version never goes back.
/// </summary>
internal static class LoginRules
{
    /// <summary>
    /// How long the mark of an ended or signed out login is kept. Later a process can't tell an expired mark from a lost login. So it
    /// writes back the login that it holds. Otherwise a store that lost its records would sign users out.
    /// </summary>
    public static readonly TimeSpan MarkLifetime = TimeSpan.FromDays(7);

    /// <summary>How often a process tries to take the store's lock while another holder has it. Locks don't notify.</summary>
    public static readonly TimeSpan LockPollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Decides which is newer: the record, or the login that the process has.</summary>
    public static RecordOrder Compare(LoginRecord? stored, HeldLogin held)
    {
        if (held.State == LoginState.None)
        {
            return stored is null or { State: LoginState.None } ? RecordOrder.Same : RecordOrder.Newer;
        }

        if (stored is null || stored.Version < held.Version)
        {
            return RecordOrder.Older;
        }

        return stored.Version > held.Version ? RecordOrder.Newer : CompareAtSameVersion(stored, held);
    }

    /// <summary>Decides what a load returns. It writes only if the store went back.</summary>
    public static LoginDecision Load(LoginRecord? stored, HeldLogin held, Func<LoginRecord> own) => Compare(stored, held) switch
    {
        RecordOrder.Newer => Adopt(stored),
        RecordOrder.Older => new(LoginStatus.Succeeded, own()),
        _ => new(held.State == LoginState.None ? LoginStatus.NotFound : LoginStatus.Succeeded),
    };

    /// <summary>Decides whether the process may use the refresh token.</summary>
    /// <returns>
    /// With <see cref="LoginStatus.Succeeded"/> the record with the lease; or, if the store had lost the record, the one to write back
    /// first, without a lease.
    /// </returns>
    public static LoginDecision Acquire(LoginRecord? stored, HeldLogin held, RefreshLease lease, LeaseTerms terms, Func<LoginRecord> own)
    {
        var order = Compare(stored, held);
        if (order == RecordOrder.Newer && !IsFreeForFirstToken(stored, held))
        {
            return Adopt(stored);
        }

        if (held.State == LoginState.Ended)
        {
            return new(LoginStatus.LoginEnded, order == RecordOrder.Older ? own() : null);
        }

        if (terms.StoreLock == StoreLock.Busy)
        {
            return new(LoginStatus.Leased, Delay: LockPollInterval);
        }

        if (order == RecordOrder.Older)
        {
            // The store may have lost more than this process knows. Another process may have a successor of the refresh token.
            var back = own() with { PossiblyUsed = held.State == LoginState.SignedIn };
            return new(LoginStatus.Succeeded, stored is null ? back : back with { Lease = lease });
        }

        return AcquireSame(stored ?? LoginRecord.Vacant, lease, terms, own);
    }

    /// <summary>Saves new tokens. They win over every state of the version that the refresh started from.</summary>
    public static LoginDecision Save(LoginRecord? stored, HeldLogin start, LoginRecord next) =>
        stored is null || stored.Version < start.Version || (stored.Version == start.Version && stored.State != LoginState.SignedOut)
            ? new(LoginStatus.Succeeded, next)
            : Adopt(stored);

    /// <summary>Ends a login whose refresh token was rejected, unless the record has a newer state.</summary>
    /// <returns><see cref="LoginStatus.Leased"/> if another process has taken over: its result decides.</returns>
    public static LoginDecision End(LoginRecord? stored, TimeSpan age, HeldLogin start, RefreshLease lease, LoginRecord ended)
    {
        if (Compare(stored, start) == RecordOrder.Newer)
        {
            return Adopt(stored);
        }

        return stored is not null && stored.Version == start.Version && RestOfLease(stored, age, lease) is { } delay
            ? new(LoginStatus.Leased, Delay: delay)
            : new(LoginStatus.LoginEnded, ended);
    }

    /// <summary>Releases a lease after a refresh without new tokens. It writes nothing if the record no longer has this lease.</summary>
    public static LoginRecord? Release(LoginRecord? stored, TimeSpan age, HeldLogin start, RefreshLease lease, LeaseRelease release) =>
        stored?.Lease?.HolderId == lease.HolderId && stored.Version == start.Version
            ? stored with
            {
                Lease = null,
                RetryPause = TimeSpans.Max(release.RetryAfter ?? TimeSpan.Zero, TimeSpan.Zero),
                PossiblyUsed = stored.PossiblyUsed || release.PossiblyUsed,
                TokensAge = stored.TokensAge + age,
                KeepFor = Rest(stored.KeepFor, age),
            }
            : null;

    /// <summary>
    /// The version of a sign-in or sign-out. It is higher than every known version. It is at least the time of day, so that it is also
    /// higher than the version of a lost record.
    /// </summary>
    public static long NextVersion(LoginRecord? stored, long knownVersion, DateTimeOffset now) =>
        Math.Max(Math.Max(stored?.Version ?? 0, knownVersion), now.ToUnixTimeMilliseconds()) + 1;

    /// <summary>The decision of a process that adopts the record.</summary>
    public static LoginDecision Adopt(LoginRecord? stored) => new(stored?.State switch
    {
        LoginState.SignedIn => LoginStatus.Newer,
        LoginState.Ended => LoginStatus.LoginEnded,
        LoginState.SignedOut => LoginStatus.SignedOut,
        _ => LoginStatus.NotFound,
    });

    // A client without a token needs its first one. The mark of a sign-out doesn't prevent that. One process requests the token.
    private static bool IsFreeForFirstToken(LoginRecord? stored, HeldLogin held) =>
        held.State == LoginState.None && stored?.State == LoginState.SignedOut;

    private static LoginDecision AcquireSame(LoginRecord stored, RefreshLease lease, LeaseTerms terms, Func<LoginRecord> own)
    {
        var isOthers = stored.Lease is { } last && last.HolderId != lease.HolderId;
        if (isOthers && terms.StoreLock == StoreLock.None)
        {
            var rest = RestOfLease(stored, terms.Age, lease) ?? TimeSpan.Zero;
            if (rest > TimeSpan.Zero || terms.Grace > TimeSpan.Zero)
            {
                return new(LoginStatus.Leased, Delay: TimeSpans.Max(rest, terms.Grace));
            }
        }

        if (stored.RetryPause > terms.Age)
        {
            return new(LoginStatus.RetryLater, Delay: stored.RetryPause - terms.Age);
        }

        // The earlier holder left no result. The server may have answered its request.
        var isPossiblyUsed = stored.PossiblyUsed || isOthers;
        var next = stored.State == LoginState.SignedIn
            ? own() with { TokensAge = stored.TokensAge + terms.Age }
            : stored with { RetryPause = TimeSpan.Zero, KeepFor = MarkLifetime };
        return new(LoginStatus.Succeeded, next with { Lease = lease, PossiblyUsed = isPossiblyUsed });
    }

    /// <returns>How long another holder's lease still lasts; <see langword="null"/> if there is none, or it is over.</returns>
    private static TimeSpan? RestOfLease(LoginRecord stored, TimeSpan age, RefreshLease lease) =>
        stored.Lease is { } other && other.HolderId != lease.HolderId && other.Duration > age ? other.Duration - age : null;

    private static TimeSpan? Rest(TimeSpan? keepFor, TimeSpan age) =>
        keepFor is { } time ? TimeSpans.Max(time - age, TimeSpan.Zero) : null;

    // Two processes can come to the same version if the store lost a write. A sign-out wins then. An "ended" mark counts only for the
    // refresh token whose hash it carries. Of two token sets the stored one counts: all processes agree on it.
    private static RecordOrder CompareAtSameVersion(LoginRecord stored, HeldLogin held)
    {
        if (held.State == LoginState.SignedOut || stored.State == LoginState.SignedOut)
        {
            return held.State == stored.State ? RecordOrder.Same
                : held.State == LoginState.SignedOut ? RecordOrder.Older
                : RecordOrder.Newer;
        }

        var isSameToken = stored.LoginId == held.LoginId && held.TokenHash == stored.TokenHash;
        return (held.State, stored.State) switch
        {
            (LoginState.SignedIn, LoginState.Ended) => isSameToken ? RecordOrder.Newer : RecordOrder.Older,
            (LoginState.Ended, LoginState.SignedIn) => isSameToken ? RecordOrder.Older : RecordOrder.Newer,
            (LoginState.Ended, LoginState.Ended) => stored.LoginId == held.LoginId ? RecordOrder.Same : RecordOrder.Newer,
            _ => isSameToken ? RecordOrder.Same : RecordOrder.Newer,
        };
    }
}
