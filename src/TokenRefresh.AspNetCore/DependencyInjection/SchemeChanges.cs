using TokenRefresh.AspNetCore.Sessions;
using TokenRefresh.DependencyInjection;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>Reports a change of a session's OpenID Connect scheme, because the client secret comes from there.</summary>
internal sealed class SchemeChanges(UserSessionRegistry registry) : ISessionOptionsChanges
{
    public IDisposable? OnChange(string session, Action changed) => registry.Find(session)?.OnSchemeChange(changed);
}
