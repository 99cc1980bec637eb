namespace TokenRefresh.Diagnostics;

/// <summary>What came of a flight.</summary>
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

    /// <summary>It failed, and a later attempt may succeed.</summary>
    Transient,

    /// <summary>It fails until the configuration is changed.</summary>
    Configuration,
}
