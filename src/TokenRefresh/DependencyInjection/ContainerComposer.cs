using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refreshing;

namespace TokenRefresh.DependencyInjection;

/// <summary>Finds the parts of a session in the container: by the session's name first, then for all sessions, then the default.</summary>
internal sealed class ContainerComposer(IServiceProvider provider, SessionRegistry registry) : ISessionSource
{
    public static string BackchannelName(string sessionName) => "TokenRefresh.Backchannel:" + sessionName;

    public bool IsRegistered(string name) => registry.Sessions.Contains(name);

    public SessionServices Compose(string name)
    {
        if (!IsRegistered(name))
        {
            throw new ArgumentException(registry.UnknownSessionMessage(name), nameof(name));
        }

        var options = Options(name);
        var parts = FindParts(name, options);
        var services = SessionComposer.Compose(parts with { Owned = new Disposables(new ClientSecretReload(provider, registry, name, options), parts.Owned!) });
        provider.GetRequiredService<DrainOnDispose>().Services = services;
        return services;
    }

    public SessionServices Compose(string name, Action<TokenRefreshOptions> configure)
    {
        var services = SessionComposer.Compose(FindParts(name, CreateOptions(name, configure)));
        provider.GetRequiredService<DrainAddedSessions>();
        return services;
    }

    private SessionParts FindParts(string name, TokenRefreshOptions options)
    {
        var time = provider.GetService<TimeProvider>() ?? TimeProvider.System;
        var client = new BackchannelClient(provider, BackchannelName(name), options);
        return new SessionParts(name, options, time, client.Get)
        {
            Store = registry.Find<ITokenStore>(provider, name),
            Endpoint = registry.Find<ITokenEndpoint>(provider, name),
            Protector = registry.Find<ITokenProtector>(provider, name),
            LoggerFactory = provider.GetRequiredService<ILoggerFactory>(),
            Instruments = provider.GetRequiredService<Instruments>(),
            Owned = client,
        };
    }

    // What is configured for all sessions comes first, then the caller's own. The options framework would keep them for ever.
    private TokenRefreshOptions CreateOptions(string name, Action<TokenRefreshOptions> configure)
    {
        var options = new TokenRefreshOptions();
        foreach (var forAll in provider.GetServices<IConfigureOptions<TokenRefreshOptions>>().OfType<IConfigureNamedOptions<TokenRefreshOptions>>())
        {
            forAll.Configure(name, options);
        }

        configure(options);
        foreach (var after in provider.GetServices<IPostConfigureOptions<TokenRefreshOptions>>())
        {
            after.PostConfigure(name, options);
        }

        var result = new RegistrationValidator(provider, registry).ValidateSession(name, options);
        return result.Failed ? throw new OptionsValidationException(name, typeof(TokenRefreshOptions), result.Failures) : options;
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

    private sealed class Disposables(params IDisposable[] parts) : IDisposable
    {
        public void Dispose() => Array.ForEach(parts, part => part.Dispose());
    }
}
