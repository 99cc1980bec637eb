namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>The result of checking a login's session.</summary>
internal enum LoginStatus
{
    /// <summary>The session has tokens.</summary>
    Alive,

    /// <summary>The login ended, or the user signed out.</summary>
    Ended,

    /// <summary>The store or the token endpoint can't be reached, so the state isn't known.</summary>
    Unknown,
}
