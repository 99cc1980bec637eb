using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// Reads the options of a session while its client is created. The client is created without its session, which may have to connect to a
/// store.
/// </summary>
internal static class SessionOptions
{
    /// <summary>
    /// The options that the session uses, if it exists: those of the monitor may have changed since. <see langword="null"/> if they are
    /// wrong now: the first request reports that.
    /// </summary>
    public static TokenRefreshOptions? Find(IServiceProvider provider, string sessionName)
    {
        try
        {
            return provider.GetRequiredService<TokenSessions>().FindOptions(sessionName)
                ?? provider.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get(sessionName);
        }
        catch (Exception)
        {
            return null;
        }
    }
}
