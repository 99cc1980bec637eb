using TokenRefresh.AspNetCore.BackChannelLogout;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.Requests;

/// <summary>What to say of a session whose tokens were lost, where they are kept in memory only.</summary>
internal sealed class StoreAdvice(LogoutStore store)
{
    public string For(UserSession session) => HasStore(session)
        ? ""
        : "Its tokens were in memory only, and a restart loses them. Add a store, such as UseFileStore(directory).UseDataProtection().";

    public bool HasStore(UserSession session) => store.Exists(session.Name);
}
