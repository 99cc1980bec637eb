namespace TokenRefresh.Diagnostics;

/// <summary>What came of a flight.</summary>
internal enum FlightOutcome
{
    /// <summary>No refresh: the store, a sign-in or a sign-out has settled it.</summary>
    MovedOn,

    /// <summary>The endpoint gave new tokens.</summary>
    Refreshed,

    /// <summary>The store had newer tokens: another process has refreshed.</summary>
    Adopted,

    /// <summary>The login is dead.</summary>
    ReLoginRequired,

    /// <summary>It failed for now.</summary>
    Transient,

    /// <summary>It can't succeed as it is set up.</summary>
    Configuration,
}
