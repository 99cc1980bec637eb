using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>The result of checking a logout token.</summary>
internal abstract record LogoutTokenResult
{
    /// <summary>Every check has passed.</summary>
    public sealed record Valid(UserSession Session, LogoutToken Token) : LogoutTokenResult;

    /// <summary>A check failed. The reason contains no value of the token.</summary>
    public sealed record Invalid(string Reason) : LogoutTokenResult;

    /// <summary>The provider's keys can't be fetched now: the token can't be checked.</summary>
    public sealed record Unavailable(string Problem) : LogoutTokenResult;
}
