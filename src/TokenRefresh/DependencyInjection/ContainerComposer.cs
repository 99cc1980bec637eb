using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refreshing;

namespace TokenRefresh.DependencyInjection;

/// <summary>Finds the parts of a session in the container: by the session's name first, then for all sessions, then the default.</summary>
internal sealed class ContainerComposer(IServiceProvider provider, SessionRegistry registry)
{
    public static string BackchannelName(string sessionName) => "TokenRefresh.Backchannel:" + sessionName;

    public static bool HasEndpoint(IServiceProvider provider, string name) =>
        provider.GetService<IServiceProviderIsKeyedService>() is { } services
        && (services.IsKeyedService(typeof(ITokenEndpoint), name) || services.IsService(typeof(ITokenEndpoint)));

    public static T? Find<T>(IServiceProvider provider, string name)
        where T : class => provider.GetKeyedService<T>(name) ?? provider.GetService<T>();

    /// <exception cref="ArgumentException">No session of this name is registered.</exception>
    public SessionServices Compose(string name)
    {
        if (!registry.Sessions.Contains(name))
        {
            throw new ArgumentException(registry.UnknownSessionMessage(name), nameof(name));
        }

        var options = Options(name);
        var time = provider.GetService<TimeProvider>() ?? TimeProvider.System;
        var client = new BackchannelClient(provider, BackchannelName(name), options);
        var services = SessionComposer.Compose(new SessionParts(name, options, time, client.Get)
        {
            Store = Find<ITokenStore>(provider, name),
            Endpoint = Find<ITokenEndpoint>(provider, name),
            Protector = Find<ITokenProtector>(provider, name),
            LoggerFactory = provider.GetRequiredService<ILoggerFactory>(),
            Instruments = provider.GetRequiredService<Instruments>(),
        });
        provider.GetRequiredService<DrainOnDispose>().Services = services;
        return services;
    }

    // The cache of the options would keep the exception of a store that couldn't be created, and throw it again.
    private TokenRefreshOptions Options(string name)
    {
        try
        {
            return provider.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get(name);
        }
        catch
        {
            provider.GetRequiredService<IOptionsMonitorCache<TokenRefreshOptions>>().TryRemove(name);
            throw;
        }
    }
}
