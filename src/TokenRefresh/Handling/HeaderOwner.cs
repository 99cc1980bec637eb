using TokenRefresh.Refreshing;

namespace TokenRefresh.Handling;

/// <summary>Whose token an <c>Authorization</c> header of ours carries.</summary>
internal sealed class HeaderOwner(SessionServices services, string? userKey, LoginId loginId)
{
    /// <summary>The login that the token belongs to.</summary>
    public LoginId LoginId => loginId;

    /// <summary>Whether the token belongs to this session, whichever login it is of.</summary>
    public bool IsOf(SessionContext session) => ReferenceEquals(session.Services, services) && session.UserKey == userKey;
}
