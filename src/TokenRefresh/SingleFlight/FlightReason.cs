namespace TokenRefresh.SingleFlight;

/// <summary>Why a flight was started.</summary>
internal enum FlightReason
{
    /// <summary>The store must be read, at first or again; or a client needs its first token.</summary>
    FirstUse,

    /// <summary>The access token has expired, or is about to.</summary>
    Expired,

    /// <summary>The API rejected the access token.</summary>
    Rejected,

    /// <summary>The access token is refreshed before its expiry, in the background.</summary>
    Proactive,

    /// <summary>The app called RefreshAsync.</summary>
    Requested,
}
