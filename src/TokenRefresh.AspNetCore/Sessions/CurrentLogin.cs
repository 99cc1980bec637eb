using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using TokenRefresh.AspNetCore.Blazor;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>Whose session is it now: that of the circuit's user or, outside circuits, of the request's.</summary>
internal sealed class CurrentLogin(IHttpContextAccessor accessor, UserSessionRegistry registry)
{
    // A circuit outlives its HTTP request: inside a circuit that request's user is never asked for.
    public ClaimsPrincipal? User => CircuitUser.Current ?? accessor.HttpContext?.User;

    public LoginKey? Find(UserSession session) => SessionClaims.Find(User, session);

    /// <summary>The user key of this session name, as the handler asks for it.</summary>
    public string? FindKey(string sessionName) => Find(registry.Get(sessionName))?.SessionKey;
}
