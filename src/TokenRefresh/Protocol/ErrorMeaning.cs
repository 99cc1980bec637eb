namespace TokenRefresh.Protocol;

/// <summary>What an error code of a token endpoint means for the login.</summary>
internal enum ErrorMeaning
{
    /// <summary>The code is in no table.</summary>
    Unknown,

    /// <summary>The server no longer knows the refresh token or its user: the user must sign in again.</summary>
    LoginEnded,

    /// <summary>The server requires the user's presence or consent.</summary>
    InteractionRequired,

    /// <summary>The same request may succeed later.</summary>
    Transient,

    /// <summary>The client, its request or its registration is wrong.</summary>
    Configuration,

    /// <summary>As <see cref="Configuration"/>. Some servers have used the refresh token before they send this code.</summary>
    ConfigurationAfterUse,
}
