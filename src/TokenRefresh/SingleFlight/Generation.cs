using System;
using TokenRefresh.Storage;

namespace TokenRefresh.SingleFlight;

/// <summary>
/// One published state of a session: what every request reads with a single volatile read, and remembers to be the one it was sent with.
/// Immutable but for flags that only ever go one way.
/// </summary>
internal sealed class Generation
{
    private volatile bool _isRejected;
    private volatile bool _isInDoubt;
    private volatile bool _isUnsaved;
    private readonly Moment _since;

    // A dead login's error, or a living one's verdict.
    private object? _detail;

    // Set before publication only.
    private Generation? _firstOfToken;

    private Generation(TokenSessionState state, string lineage, long version, Moment? since = null)
    {
        State = state;
        Lineage = lineage;
        Version = version;
        _since = since ?? default;
    }

    public TokenSessionState State { get; }

    public string Lineage { get; }

    public long Version { get; }

    public TokenSet? Tokens { get; private init; }

    /// <summary>The header's value, ready made: it was validated with the token set.</summary>
    public string Header => Tokens?.Header ?? "";

    public TokenSchedule Schedule { get; private init; } = TokenSchedule.Unknown;

    /// <summary>When this generation came out of a refresh; <see langword="null"/> for one that was signed in or restored.</summary>
    public Moment? Refreshed => State == TokenSessionState.SignedIn ? Since : null;

    /// <summary>When the store last said that there is no login; <see langword="null"/> where it isn't to be asked again.</summary>
    public Moment? Checked => State != TokenSessionState.SignedIn ? Since : null;

    public ReLoginReason Reason { get; private init; }

    /// <summary>The user can be asked to log in on the spot, and hasn't been: requests wait for that.</summary>
    public bool CanAskUser { get; private init; }

    public string? Error
    {
        get => _detail as string;
        private init => _detail = value;
    }

    /// <summary>What the endpoint said of this refresh token for good, while the store couldn't be told yet.</summary>
    public TokenEndpointResult? Verdict
    {
        get => _detail as TokenEndpointResult;
        set => _detail = value;
    }

    /// <summary>What a store needs to know beside this state; <see langword="null"/> without one.</summary>
    public StoredMark? Mark { get; set; }

    /// <summary>The API refused this access token: it isn't sent again, whatever the clock says.</summary>
    public bool IsRejected => FirstOfToken._isRejected;

    /// <summary>This refresh token was sent and no answer arrived.</summary>
    public bool IsInDoubt => _isInDoubt;

    /// <summary>The store hasn't got this generation yet.</summary>
    public bool IsUnsaved => _isUnsaved;

    public static Generation NotLoaded { get; } = new(TokenSessionState.NotLoaded, "", 0);

    public static Generation NeverSignedIn { get; } = new(TokenSessionState.SignedOut, "", 0);

    private Generation FirstOfToken => _firstOfToken ?? this;

    private Moment? Since => _since == default ? null : _since;

    public static Generation SignedOut(long version, Moment? @checked) =>
        new(TokenSessionState.SignedOut, "", version, @checked);

    /// <summary>Nobody needs to sign in: the first use asks for a token.</summary>
    public static Generation Unasked(long version) => new(TokenSessionState.NotLoaded, "", version);

    public static Generation Dead(
        string lineage, long version, ReLoginReason reason, string? error, bool canAskUser, Moment? @checked) =>
        new(TokenSessionState.ReLoginRequired, lineage, version, @checked) { Reason = reason, Error = error, CanAskUser = canAskUser };

    public static Generation SignedIn(
        string lineage, long version, TokenSet tokens, string scheme, TokenSchedule schedule, Moment? refreshed) =>
        new(TokenSessionState.SignedIn, lineage, version, refreshed) { Tokens = tokens.WithHeader(scheme), Schedule = schedule };

    /// <summary>This state as the store compares it with its record.</summary>
    public HeldLogin Held(TimeProvider time) => State switch
    {
        TokenSessionState.SignedIn => HeldLogin.SignedIn(Lineage, Version, Tokens!, Mark?.Revision, Mark?.Age(time) ?? TimeSpan.Zero),
        TokenSessionState.ReLoginRequired => HeldLogin.Ended(Lineage, Version, Mark?.TokenHash, Reason, Error),
        _ => HeldLogin.SignedOut(Version),
    };

    /// <summary>Whether there is an access token that the clock still gives a life.</summary>
    public bool IsAlive(TimeProvider time) => State == TokenSessionState.SignedIn && !IsRejected && time.GetUtcNow().UtcDateTime < Schedule.ExpiresAt;

    /// <summary>
    /// Whether this came out of a refresh so lately that another one is no remedy for a 401. Over after a quarter of the token's life at
    /// the latest: servers that cut a token's end to a whole second refuse one that lives for seconds well before its time.
    /// </summary>
    public bool IsFresh(TimeSpan interval, TimeProvider time)
    {
        if (Refreshed is not { } refreshed || IsRejected)
        {
            return false;
        }

        var elapsed = refreshed.Elapsed(time);
        return elapsed < interval && elapsed.Ticks < (Schedule.ExpiresAt - refreshed.Utc).Ticks / 4;
    }

    /// <summary>Whether a request that was sent with an earlier generation may be sent again with this one: another token of the same login.</summary>
    public bool Succeeds(Generation earlier) => State == TokenSessionState.SignedIn && Lineage == earlier.Lineage && this != earlier;

    public void Reject() => FirstOfToken._isRejected = true;

    /// <summary>
    /// Says, before publication, that the access token is an earlier generation's: it is refused in both or in neither, whenever the 401
    /// for either arrives.
    /// </summary>
    public Generation KeepTokenOf(Generation earlier)
    {
        _firstOfToken = earlier.FirstOfToken;
        return this;
    }

    public void Doubt() => _isInDoubt = true;

    public void MarkUnsaved() => _isUnsaved = true;

    public void MarkSaved() => _isUnsaved = false;
}

/// <summary>
/// Of a state that is in a store: the record's revision, the age of the tokens at some moment (of the steady clock: the record's age
/// must not jump with this machine's), and the hash of the refresh token.
/// </summary>
internal sealed record StoredMark(string? Revision, TimeSpan AgeThen, long Then, string? TokenHash)
{
    public TimeSpan Age(TimeProvider time) => AgeThen + time.GetElapsedTime(Then);
}
