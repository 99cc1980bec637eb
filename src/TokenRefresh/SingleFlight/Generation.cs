using System;

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

    private Generation(TokenSessionState state, string lineage, long version)
    {
        State = state;
        Lineage = lineage;
        Version = version;
    }

    public TokenSessionState State { get; }

    public string Lineage { get; }

    public long Version { get; }

    public TokenSet? Tokens { get; private init; }

    /// <summary>The header's value, ready made: it was validated with the token set.</summary>
    public string Header { get; private init; } = "";

    public TokenSchedule Schedule { get; private init; } = TokenSchedule.Unknown;

    /// <summary>When this generation came out of a refresh; <see langword="null"/> for one that was signed in or restored.</summary>
    public Moment? Refreshed { get; private init; }

    /// <summary>When the store last said that there is no login; <see langword="null"/> where it isn't to be asked again.</summary>
    public Moment? Checked { get; private init; }

    public ReLoginReason Reason { get; private init; }

    public string? Error { get; private init; }

    /// <summary>What the endpoint said of this refresh token for good, while the store couldn't be told yet.</summary>
    public TokenEndpointResult? Verdict { get; set; }

    /// <summary>The API refused this access token: it isn't sent again, whatever the clock says.</summary>
    public bool IsRejected => _isRejected;

    /// <summary>This refresh token was sent and no answer arrived.</summary>
    public bool IsInDoubt => _isInDoubt;

    /// <summary>The store hasn't got this generation yet.</summary>
    public bool IsUnsaved => _isUnsaved;

    public static Generation NotLoaded { get; } = new(TokenSessionState.NotLoaded, "", 0);

    public static Generation SignedOut(long version, Moment? @checked) =>
        new(TokenSessionState.SignedOut, "", version) { Checked = @checked };

    public static Generation Dead(string lineage, long version, ReLoginReason reason, string? error, Moment? @checked) =>
        new(TokenSessionState.ReLoginRequired, lineage, version) { Reason = reason, Error = error, Checked = @checked };

    public static Generation SignedIn(string lineage, long version, TokenSet tokens, string scheme, TokenSchedule schedule, Moment? refreshed) =>
        new(TokenSessionState.SignedIn, lineage, version)
        {
            Tokens = tokens,
            Header = scheme + " " + tokens.AccessToken,
            Schedule = schedule,
            Refreshed = refreshed,
        };

    /// <summary>Whether there is an access token that the clock still gives a life.</summary>
    public bool IsAlive(DateTimeOffset now) => State == TokenSessionState.SignedIn && !_isRejected && now < Schedule.ExpiresAt;

    public void Reject() => _isRejected = true;

    public void Doubt() => _isInDoubt = true;

    public void MarkUnsaved() => _isUnsaved = true;

    public void MarkSaved() => _isUnsaved = false;
}
