namespace TokenRefresh.Storage;

/// <summary>The result of a <see cref="LoginStore"/> operation.</summary>
/// <param name="Status">The outcome. Switch on it before reading the other members.</param>
/// <param name="Record">The record after the operation; <see cref="LoginRecord.Vacant"/> if there is none.</param>
internal sealed record LoginStoreResult(LoginStatus Status, LoginRecord Record)
{
    private readonly TokenSet? _tokens;

    public string LoginId => Record.LoginId;

    public long Version => Record.Version;

    /// <summary>The record's tokens, with <see cref="LoginStatus.Newer"/> and of a sign-in.</summary>
    /// <exception cref="InvalidOperationException">The status has no tokens.</exception>
    public TokenSet Tokens
    {
        get => _tokens ?? throw new InvalidOperationException($"A result with the status {Status} has no tokens.");
        init => _tokens = value;
    }

    /// <summary>The time since the tokens were received.</summary>
    public TimeSpan Age { get; init; }

    /// <summary>
    /// The store's mark of the record. <see langword="null"/> if the record must be read before a lease is written: another process has a
    /// lease on the tokens, or they are possibly used.
    /// </summary>
    public string? Revision { get; init; }

    /// <summary>How long to wait, with <see cref="LoginStatus.Leased"/> and <see cref="LoginStatus.RetryLater"/>.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>
    /// After a sign-in or sign-out: the tokens that its write replaced; <see langword="null"/> if there were none, or if they can't be
    /// read.
    /// </summary>
    public TokenSet? Replaced { get; init; }

    /// <summary>After a sign-in: whether its write replaced a login, also one that had ended or that can't be read.</summary>
    public bool ReplacedLogin { get; init; }

    /// <summary>
    /// With <see cref="LoginStatus.Succeeded"/> of an acquire: the store's own lock, if it has one. Dispose it after the save, end or
    /// release.
    /// </summary>
    public IDisposable? Lock { get; init; }

    /// <summary>Returns no token.</summary>
    public override string ToString() => $"LoginStoreResult {{ Status = {Status}, Record = {Record} }}";
}

/// <summary>The outcome of a <see cref="LoginStore"/> operation.</summary>
internal enum LoginStatus
{
    /// <summary>The operation is done. After a load: the record and the process have the same.</summary>
    Succeeded,

    /// <summary>The store has newer tokens than this process. They are in the result.</summary>
    Newer,

    /// <summary>Another process has the lease, for <see cref="LoginStoreResult.Delay"/> at most.</summary>
    Leased,

    /// <summary>The server asked for a pause, for <see cref="LoginStoreResult.Delay"/> more.</summary>
    RetryLater,

    /// <summary>The user must sign in again.</summary>
    LoginEnded,

    /// <summary>The login was signed out.</summary>
    SignedOut,

    /// <summary>There is no record, and this process has no login.</summary>
    NotFound,
}
