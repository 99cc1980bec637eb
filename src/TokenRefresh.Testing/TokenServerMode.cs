namespace TokenRefresh.Testing;

/// <summary>What a token server does with a refresh token that was used before.</summary>
public enum TokenServerMode
{
    /// <summary>Reuse is invalid_grant.</summary>
    Strict,

    /// <summary>Reuse revokes everything that came from the same sign-in.</summary>
    Family,

    /// <summary>Reuse of the last one gets the same pair again.</summary>
    Grace,

    /// <summary>Strict, spoken as Django Simple JWT speaks.</summary>
    SimpleJwt,
}
