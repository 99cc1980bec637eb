using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>Whose token an <c>Authorization</c> header of ours carries.</summary>
internal sealed class HeaderOwner(SessionServices services, string? userKey, string loginId)
{
    /// <summary>The login that the token belongs to.</summary>
    public string LoginId => loginId;

    /// <summary>Whether the token belongs to this session, under whatever login.</summary>
    public bool IsOf(TokenSession session) => ReferenceEquals(session.Services, services) && session.UserKey == userKey;
}
