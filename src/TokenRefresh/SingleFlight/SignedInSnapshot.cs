namespace TokenRefresh.SingleFlight;

/// <summary>There is a login with tokens.</summary>
internal sealed class SignedInSnapshot(
    LoginId loginId, long version, TokenSet tokens, AccessTokenSlot accessToken, string? revision = null)
    : SessionSnapshot(loginId, version)
{
    // Only snapshots that a flight has worked on need these values, so they are in one object. Only the leader of a flight writes it.
    private volatile FlightState _flightState = FlightState.None;
    private volatile bool _isPossiblyUsed;
    private volatile bool _isUnsaved;
    private volatile bool _isHeaderKnown;

    public override TokenSessionState State => TokenSessionState.SignedIn;

    public TokenSet Tokens => tokens;

    /// <summary>
    /// The value of the <c>Authorization</c> header: scheme and access token. It was validated when the token set was created.
    /// </summary>
    public string Header => tokens.Header;

    public AccessTokenSlot AccessToken => accessToken;

    /// <summary>The store's revision of the record that holds these tokens; <see langword="null"/> if it isn't known.</summary>
    public string? Revision => revision;

    /// <summary>
    /// Whether the owner of <see cref="Header"/> is in the table of owners. Reading this flag is faster than reading the table.
    /// </summary>
    public bool IsHeaderKnown => _isHeaderKnown;

    /// <summary>
    /// Whether this login replaced another one, or a sign-out, that was saved or that this process knew. A request that was made before the
    /// store was read isn't sent with it.
    /// </summary>
    public bool IsLaterLogin { get; private set; }

    /// <summary>Whether the refresh token was sent and its answer never arrived.</summary>
    public bool IsPossiblyUsed => _isPossiblyUsed;

    /// <summary>Whether the store doesn't hold these tokens yet.</summary>
    public bool IsUnsaved => _isUnsaved;

    /// <summary>The endpoint's final answer for this refresh token, kept until it can be written to the store.</summary>
    public TokenEndpointResult? Rejection => _flightState.Rejection;

    public override RefreshDecision Decide(TimeProvider time) => accessToken.Decide(time);

    /// <summary>
    /// Whether a request that was sent with <paramref name="earlier"/> may be sent again with this: a newer state of the same login.
    /// </summary>
    public bool Replaces(SignedInSnapshot earlier) => LoginId == earlier.LoginId && this != earlier;

    public void MarkHeaderKnown() => _isHeaderKnown = true;

    /// <summary>Called before this snapshot is published.</summary>
    public void MarkLaterLogin() => IsLaterLogin = true;

    /// <summary>Called when this snapshot replaces another one.</summary>
    public void Follow(SessionSnapshot previous) => IsLaterLogin |= previous.LoginId == LoginId
        ? previous is SignedInSnapshot { IsLaterLogin: true }
        : previous is not NotLoadedSnapshot && previous.Version > 0;

    public void MarkPossiblyUsed() => _isPossiblyUsed = true;

    /// <param name="storeLock">
    /// The lock that keeps other processes of this machine from sending the old refresh token until these tokens are saved.
    /// </param>
    public void MarkUnsaved(IDisposable? storeLock)
    {
        _flightState = _flightState with { StoreLock = storeLock };
        _isUnsaved = true;
    }

    public void MarkSaved()
    {
        _isUnsaved = false;
        ReleaseLock();
    }

    /// <summary>Releases the store's lock: the tokens are saved, or no attempt to save them follows.</summary>
    public void ReleaseLock() => _flightState.StoreLock?.Dispose();

    public void KeepRejection(TokenEndpointResult rejection) => _flightState = _flightState with { Rejection = rejection };

    /// <summary>
    /// The id of all leases of this process for this snapshot. With it, the next flight doesn't wait for its own lease whose write got no
    /// answer or whose release failed.
    /// </summary>
    public string GetLeaseId()
    {
        if (_flightState.LeaseId is { } known)
        {
            return known;
        }

        var id = Guid.NewGuid().ToString();
        _flightState = _flightState with { LeaseId = id };
        return id;
    }

    private sealed record FlightState(TokenEndpointResult? Rejection, string? LeaseId, IDisposable? StoreLock)
    {
        public static FlightState None { get; } = new(null, null, null);
    }
}
