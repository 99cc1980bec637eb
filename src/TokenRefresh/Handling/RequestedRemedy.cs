namespace TokenRefresh.Handling;

/// <summary>What a 401 asks the client for.</summary>
internal enum RequestedRemedy
{
    /// <summary>A new access token: there is no challenge, or one of our scheme that doesn't ask for anything else.</summary>
    NewToken,

    /// <summary>Something that a refresh can't give: more scope, a stronger login, claims, a proof.</summary>
    SomethingElse,

    /// <summary>Another scheme: none of the challenges is of ours.</summary>
    OtherScheme,
}
