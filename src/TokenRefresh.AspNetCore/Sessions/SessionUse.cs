using Microsoft.AspNetCore.Http;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>Whether a request has asked for the login of its user: for an API call, or for the session.</summary>
internal sealed class SessionUse
{
    private volatile bool _isNoted;

    public bool IsNoted => _isNoted;

    /// <summary>Observes a request from now on. Calls of one request may run at the same time, so nothing is added to it later.</summary>
    public static SessionUse Observe(HttpContext context)
    {
        if (Find(context) is not { } use)
        {
            context.Items[typeof(SessionUse)] = use = new SessionUse();
        }

        return use;
    }

    public static void Note(HttpContext? context)
    {
        if (context is not null && Find(context) is { } use)
        {
            use._isNoted = true;
        }
    }

    private static SessionUse? Find(HttpContext context) =>
        context.Items.TryGetValue(typeof(SessionUse), out var use) ? use as SessionUse : null;
}
