namespace TokenRefresh.Storage;

/// <summary>The state of a login, as a record or a process has it.</summary>
internal enum LoginState
{
    /// <summary>Nothing is known of a login.</summary>
    None,

    /// <summary>There are tokens.</summary>
    SignedIn,

    /// <summary>The refresh token was rejected: the user must sign in again.</summary>
    Ended,

    /// <summary>The user signed out.</summary>
    SignedOut,
}

/// <summary>
/// The record of one session. All durations count from the time of the write, by the store's clock. No time of day is stored, so the clocks
/// of machines may differ. <see cref="LoginRules"/> has the record's transitions, <see cref="LoginRecordText"/> its format.
/// </summary>
internal sealed record LoginRecord
{
    /// <summary>The record before the first sign-in. It can have a lease or a pause only.</summary>
    public static LoginRecord Vacant { get; } = new();

    public LoginState State { get; init; }

    /// <summary>Identifies the sign-in. Empty for a sign-out.</summary>
    public string LoginId { get; init; } = "";

    /// <summary>The version of the login's tokens. It only grows, across logins too.</summary>
    public long Version { get; init; }

    /// <summary>The serialized tokens, encrypted if there is a protector; <see langword="null"/> unless the state is signed in.</summary>
    public string? Tokens { get; init; }

    /// <summary>How old the tokens were when the record was written.</summary>
    public TimeSpan TokensAge { get; init; }

    /// <summary>A hash that distinguishes the refresh token of this record from others.</summary>
    public string? TokenHash { get; init; }

    /// <summary>The lease of the refresh that is running; <see langword="null"/> if there is none.</summary>
    public RefreshLease? Lease { get; init; }

    /// <summary>How long the server asked all clients to wait.</summary>
    public TimeSpan RetryPause { get; init; }

    /// <summary>Whether the refresh token was sent and the response never arrived.</summary>
    public bool PossiblyUsed { get; init; }

    /// <summary>Why the login ended.</summary>
    public ReLoginReason Reason { get; init; }

    /// <summary>The server's error code for an ended login.</summary>
    public string? Error { get; init; }

    /// <summary>A random text of a sign-out, so that no two sign-outs have the same record text.</summary>
    public string? Mark { get; init; }

    /// <summary>How long the record is needed; <see langword="null"/> means without limit.</summary>
    public TimeSpan? KeepFor { get; init; }

    /// <summary>Whether others have to wait for the end of a lease or a pause.</summary>
    public bool IsWaitedFor => Lease is not null || RetryPause > TimeSpan.Zero;

    /// <summary>Whether a lease can be written over this record without looking at it first.</summary>
    public bool IsFree => State == LoginState.SignedIn && !IsWaitedFor && !PossiblyUsed;

    /// <summary>Returns no token.</summary>
    public override string ToString() =>
        $"LoginRecord {{ State = {State}, LoginId = {LoginId}, Version = {Version}, Lease = {Lease?.HolderId} }}";
}
