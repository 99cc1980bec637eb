namespace TokenRefresh.Diagnostics;

/// <summary>How a flight ended.</summary>
internal enum FlightOutcome
{
    /// <summary>No refresh was needed: the store, a sign-in or a sign-out decided.</summary>
    Superseded,

    /// <summary>The endpoint returned new tokens.</summary>
    Refreshed,

    /// <summary>The store had newer tokens: another process has refreshed.</summary>
    LoadedFromStore,

    /// <summary>The login has ended.</summary>
    ReLoginRequired,

    /// <summary>The refresh failed, and a later one can succeed.</summary>
    Transient,

    /// <summary>The refresh fails until the configuration is corrected.</summary>
    Configuration,
}
