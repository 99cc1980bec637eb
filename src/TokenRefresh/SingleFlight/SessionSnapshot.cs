namespace TokenRefresh.SingleFlight;

/// <summary>
/// The state of a session at one moment. There are four kinds, one type each. A snapshot never changes, except for flags that are set
/// once. A request reads the current snapshot with one volatile read and remembers it.
/// </summary>
internal abstract class SessionSnapshot(LoginId loginId, long version)
{
    /// <summary>How long a process trusts that a shared store has no login. Another process may sign in at any time.</summary>
    public static readonly TimeSpan RecheckInterval = TimeSpan.FromSeconds(1);

    /// <summary>The login; <see cref="TokenRefresh.LoginId.None"/> if there is none.</summary>
    public LoginId LoginId => loginId;

    /// <summary>The version of the login's tokens. It only grows, across logins too.</summary>
    public long Version => version;

    public abstract TokenSessionState State { get; }

    /// <summary>What to do with a request that is about to be sent.</summary>
    public abstract RefreshDecision Decide(TimeProvider time);

    /// <summary>Whether this is a signed-in state of the given login.</summary>
    public bool IsSignedInAs(LoginId login) => this is SignedInSnapshot && loginId == login;
}

/// <summary>The store hasn't been read yet, or, with client credentials, no token has been requested yet.</summary>
internal sealed class NotLoadedSnapshot(long version) : SessionSnapshot(TokenRefresh.LoginId.None, version)
{
    public static NotLoadedSnapshot Initial { get; } = new(version: 0);

    public override TokenSessionState State => TokenSessionState.NotLoaded;

    public override RefreshDecision Decide(TimeProvider time) => RefreshDecision.Wait;
}

/// <summary>No user is signed in.</summary>
/// <param name="version">The version of the sign-out, or 0.</param>
/// <param name="storeCheckedAt">When the store was last read; <see cref="ClockReading.Never"/> if it must not be read again.</param>
/// <param name="unsavedEndOf">The login that this sign-out ended, if the store doesn't know that.</param>
internal sealed class SignedOutSnapshot(long version, ClockReading storeCheckedAt, LoginId unsavedEndOf = default)
    : SessionSnapshot(TokenRefresh.LoginId.None, version)
{
    public static SignedOutSnapshot Initial { get; } = new(version: 0, ClockReading.Never);

    /// <summary>A sign-out that the store doesn't know yet.</summary>
    public static SignedOutSnapshot UnsavedEnd(SessionSnapshot ended) => new(ended.Version, ClockReading.Never, ended switch
    {
        NotLoadedSnapshot => TokenRefresh.LoginId.Unknown,
        SignedOutSnapshot earlier => earlier.UnsavedEndOf,
        _ => ended.LoginId,
    });

    public override TokenSessionState State => TokenSessionState.SignedOut;

    /// <summary>Whether this sign-out is being written to the store, so that the store must not be read.</summary>
    public bool AwaitsStore => !storeCheckedAt.WasTaken;

    /// <summary>
    /// The login that is signed out here, although the store still has it; <see cref="TokenRefresh.LoginId.None"/> if there is none. It
    /// isn't loaded again. A later login is.
    /// </summary>
    public LoginId UnsavedEndOf => unsavedEndOf;

    /// <summary>Whether the stored login is the one that was signed out here, or an earlier one.</summary>
    public bool IsAheadOf(LoginId stored, long version) =>
        !unsavedEndOf.IsNone && (version < Version || stored == unsavedEndOf || (unsavedEndOf == LoginId.Unknown && !stored.IsNone));

    /// <summary>The same state, after the store was read, or couldn't be written.</summary>
    /// <param name="now">When that was.</param>
    /// <param name="stored">The stored login. It is the one that was signed out, if that one wasn't known.</param>
    public SignedOutSnapshot CheckedAt(ClockReading now, LoginId stored = default) =>
        new(Version, now, unsavedEndOf == LoginId.Unknown && !stored.IsNone ? stored : unsavedEndOf);

    public override RefreshDecision Decide(TimeProvider time) => storeCheckedAt.WasTaken && storeCheckedAt.Elapsed(time) >= RecheckInterval
        ? RefreshDecision.Wait
        : RefreshDecision.SendWithoutToken;
}

/// <summary>The login has ended: the user must sign in again.</summary>
internal sealed class EndedSnapshot(LoginId loginId, long version, LoginEnd end, ClockReading storeCheckedAt, bool canAskUser)
    : SessionSnapshot(loginId, version)
{
    public override TokenSessionState State => TokenSessionState.ReLoginRequired;

    public LoginEnd End => end;

    /// <summary>Whether the app can ask the user to sign in at once, and hasn't done so yet. Until it has, requests wait.</summary>
    public bool CanAskUser => canAskUser;

    /// <summary>The same end, after the user was asked and didn't sign in.</summary>
    public EndedSnapshot AfterAsking() => new(LoginId, Version, end, storeCheckedAt, canAskUser: false);

    public override RefreshDecision Decide(TimeProvider time) =>
        canAskUser || (storeCheckedAt.WasTaken && storeCheckedAt.Elapsed(time) >= RecheckInterval)
            ? RefreshDecision.Wait
            : RefreshDecision.AnswerLocally;
}

/// <summary>Why a login ended.</summary>
/// <param name="Reason">The reason that the app sees.</param>
/// <param name="Error">The server's error code, if it sent one.</param>
/// <param name="TokenHash">A short hash of the refresh token that was rejected, if there was one.</param>
internal sealed record LoginEnd(ReLoginReason Reason, string? Error, string? TokenHash);

/// <summary>The decision about a request before it is sent.</summary>
internal enum RefreshDecision
{
    /// <summary>Send it with the access token.</summary>
    Send,

    /// <summary>Send it with the access token, and start a refresh in the background.</summary>
    SendAndRefresh,

    /// <summary>Wait for a flight: there is no access token that may be sent.</summary>
    Wait,

    /// <summary>Send it without a token: no user is signed in.</summary>
    SendWithoutToken,

    /// <summary>Answer it locally with a 401: the user must sign in again.</summary>
    AnswerLocally,
}
