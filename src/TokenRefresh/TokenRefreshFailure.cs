namespace TokenRefresh;

/// <summary>What kind of failure a <see cref="TokenRefreshException"/> reports, and so what helps.</summary>
public enum TokenRefreshFailure
{
    /// <summary>The login is dead or was signed out: the user must sign in again. Sending again doesn't help.</summary>
    ReLoginRequired,

    /// <summary>The refresh couldn't be done now: network, overload, a store out of reach. Sending again later helps.</summary>
    Transient,

    /// <summary>The client is set up wrongly, or the server says so. Somebody has to mend it.</summary>
    Configuration,
}
