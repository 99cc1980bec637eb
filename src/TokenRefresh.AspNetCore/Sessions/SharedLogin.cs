namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>
/// Tells the cookies of a user's browsers apart that share a session key. A sign-out of one browser ends the cookies of all, and a later
/// login has the same key: without this it would revive them.
/// </summary>
internal static class SharedLogin
{
    /// <summary>Whether these tokens are of the login's period, not of one after a sign-out.</summary>
    public static bool Includes(TokenSet tokens, LoginKey login) => login.Period >= tokens.Period;
}
