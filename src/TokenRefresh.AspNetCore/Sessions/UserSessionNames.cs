namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>The session names that AddUserTokenSession registered. Filled while services are added.</summary>
internal sealed class UserSessionNames
{
    public List<string> Names { get; } = [];
}
