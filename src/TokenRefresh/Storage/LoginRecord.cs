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
/// The record of one session. All durations count from the moment it was written, by the store's clock: no time of day is stored, so that
/// the clocks of machines needn't agree. <see cref="LoginRules"/> has its transitions, <see cref="LoginRecordText"/> its format.
/// </summary>
internal sealed record LoginRecord
{
    /// <summary>Of a record that no sign-in has reached yet, with nothing but a lease or a pause.</summary>
    public static LoginRecord Vacant { get; } = new();

    public LoginState State { get; init; }

    /// <summary>Identifies the sign-in. Empty for a sign-out.</summary>
    public string LoginId { get; init; } = "";

    /// <summary>Only grows, across logins too.</summary>
    public long Version { get; init; }

    /// <summary>The serialized tokens, encrypted if there is a protector. Only while signed in.</summary>
    public string? Tokens { get; init; }

    /// <summary>How old the tokens were when the record was written.</summary>
    public TimeSpan TokensAge { get; init; }

    /// <summary>Tells the refresh token that this record is about from others.</summary>
    public string? TokenHash { get; init; }

    /// <summary>The refresh under way.</summary>
    public RefreshLease? Lease { get; init; }

    /// <summary>How long the server asked all clients to wait.</summary>
    public TimeSpan RetryPause { get; init; }

    /// <summary>The refresh token was sent, and the answer never arrived.</summary>
    public bool PossiblyUsed { get; init; }

    /// <summary>Why the login ended.</summary>
    public ReLoginReason Reason { get; init; }

    /// <summary>The server's error code for an ended login.</summary>
    public string? Error { get; init; }

    /// <summary>A random text of a sign-out: no two have the same record.</summary>
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
