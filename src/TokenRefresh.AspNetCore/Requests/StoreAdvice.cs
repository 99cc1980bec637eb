using TokenRefresh.AspNetCore.BackChannelLogout;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.Requests;

/// <summary>The advice to add a store, for messages about a session that keeps its tokens in memory only.</summary>
internal sealed class StoreAdvice(LogoutStore store)
{
    public string For(UserSession session) => HasStore(session)
        ? ""
        : " If the app was restarted, the tokens are lost: they were in memory only. Add a store, such as "
            + "UseFileStore(directory).UseDataProtection().";

    public bool HasStore(UserSession session) => store.Exists(session.Name);
}
