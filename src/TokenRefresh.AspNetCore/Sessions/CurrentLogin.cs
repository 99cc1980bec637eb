using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using TokenRefresh.AspNetCore.Blazor;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>Finds the current login: that of the circuit's user or, outside circuits, of the request's user.</summary>
internal sealed class CurrentLogin(IHttpContextAccessor accessor, UserSessionRegistry registry)
{
    // A circuit lives longer than its HTTP request, so the user of that request is never used inside a circuit.
    public ClaimsPrincipal? User => CircuitUser.Current ?? accessor.HttpContext?.User;

    public LoginKey? Find(UserSession session)
    {
        SessionUse.Note(accessor.HttpContext);
        return SessionClaims.Find(User, session);
    }

    /// <summary>The user key of this session name, as the handler asks for it.</summary>
    public string? FindKey(string sessionName) => Find(registry.Get(sessionName))?.SessionKey;
}
