namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>What a look at a login's session found.</summary>
internal enum LoginStatus
{
    /// <summary>The session has tokens.</summary>
    Alive,

    /// <summary>The login ended, or the user signed out.</summary>
    Ended,

    /// <summary>The store or the token endpoint can't say now.</summary>
    Unknown,
}
