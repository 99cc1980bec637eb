namespace TokenRefresh.SingleFlight;

/// <summary>Why a flight was begun.</summary>
internal enum FlightCause
{
    /// <summary>The store hasn't been read yet, or not for a while.</summary>
    Load,

    /// <summary>The access token is about to expire, or has.</summary>
    Expired,

    /// <summary>The API refused the access token.</summary>
    Rejected,

    /// <summary>The token is refreshed ahead: nobody waits.</summary>
    Ahead,

    /// <summary>The app asked for it.</summary>
    Forced,
}
