using System;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenRefresh.Diagnostics;
using TokenRefresh.Protocol;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.DependencyInjection;

/// <summary>Puts a session together from what is registered: by its name first, then for all sessions, then the default.</summary>
internal sealed class SessionComposer(IServiceProvider provider, SessionRegistry registry)
{
    public static string BackchannelName(string sessionName) => "TokenRefresh.Backchannel:" + sessionName;

    /// <exception cref="ArgumentException">No session of this name is registered.</exception>
    public SessionServices Compose(string name)
    {
        if (!registry.Sessions.Contains(name))
        {
            throw new ArgumentException(registry.Unknown(name), nameof(name));
        }

        var options = Options(name);
        var time = provider.GetService<TimeProvider>() ?? TimeProvider.System;
        var backchannel = new BackchannelClient(provider, BackchannelName(name), options).Get;
        var services = new SessionServices
        {
            Name = name,
            Options = options,
            Time = time,
            Store = Find<ITokenStore>(provider, name),
            Endpoint = Find<ITokenEndpoint>(provider, name) ?? TokenEndpoints.For(options, backchannel, time),
            Pipeline = RefreshPipeline.Build(options, time, Jitter.Next),
            Logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger<TokenSession>(),
            Revocation = TokenRevocation.For(options, backchannel),
            Telemetry = new SessionTelemetry(provider.GetRequiredService<Instruments>(), name, time),
            Protector = Find<ITokenProtector>(provider, name),
            Random = Jitter.Next,
        };
        provider.GetRequiredService<SessionDrain>().Services = services;
        return services;
    }

    // The options' cache would keep the exception of a store that couldn't be made, and the next to ask would get that.
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

    public static bool HasEndpoint(IServiceProvider provider, string name) =>
        provider.GetService<IServiceProviderIsKeyedService>() is { } services
        && (services.IsKeyedService(typeof(ITokenEndpoint), name) || services.IsService(typeof(ITokenEndpoint)));

    public static T? Find<T>(IServiceProvider provider, string name)
        where T : class => provider.GetKeyedService<T>(name) ?? provider.GetService<T>();
}
