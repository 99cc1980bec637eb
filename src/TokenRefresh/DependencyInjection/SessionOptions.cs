using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TokenRefresh.DependencyInjection;

/// <summary>Reads the options of registered sessions.</summary>
internal static class SessionOptions
{
    /// <summary>The options as they are now.</summary>
    /// <exception cref="Exception">They are wrong, or a part of the session can't be created.</exception>
    public static TokenRefreshOptions Get(IServiceProvider provider, string sessionName)
    {
        try
        {
            return provider.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get(sessionName);
        }
        catch
        {
            // The cache of the options would keep the exception of a store that couldn't be created, and throw it again.
            provider.GetRequiredService<IOptionsMonitorCache<TokenRefreshOptions>>().TryRemove(sessionName);
            throw;
        }
    }

    /// <summary>
    /// The options for a client that is being created. The client is created without its session, which may have to connect to a store.
    /// </summary>
    /// <returns>
    /// The options that the session uses, if it exists: those of the monitor may have changed since. <see langword="null"/> if they are
    /// wrong now: the first request reports that.
    /// </returns>
    public static TokenRefreshOptions? Find(IServiceProvider provider, string sessionName)
    {
        try
        {
            return provider.GetRequiredService<TokenSessions>().FindOptions(sessionName) ?? Get(provider, sessionName);
        }
        catch (Exception)
        {
            return null;
        }
    }
}

/// <summary>Creates and validates the options of sessions. The start of the app does that before it creates a session.</summary>
internal sealed class SessionOptionsFactory(
    IEnumerable<IConfigureOptions<TokenRefreshOptions>> configures,
    IEnumerable<IPostConfigureOptions<TokenRefreshOptions>> postConfigures,
    IEnumerable<IValidateOptions<TokenRefreshOptions>> validators,
    SessionCreations creations) : IOptionsFactory<TokenRefreshOptions>
{
    private readonly OptionsFactory<TokenRefreshOptions> _options = new(configures, postConfigures, validators);

    public TokenRefreshOptions Create(string name) => creations.Run(name, () => _options.Create(name));
}
