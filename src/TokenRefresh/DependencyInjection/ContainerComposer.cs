using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refreshing;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// Finds the parts of a session in the container: the part for this session, else the part for all sessions, else the default.
/// </summary>
internal sealed class ContainerComposer(IServiceProvider provider, SessionRegistry registry) : ISessionSource
{
    public static string BackchannelName(string sessionName) => "TokenRefresh.Backchannel:" + sessionName;

    public bool IsRegistered(string name) => registry.Sessions.Contains(name);

    public ArgumentException UnknownSession(string name) => new(registry.UnknownSessionMessage(name), nameof(name));

    public SessionServices Compose(string name)
    {
        var options = Options(name);
        var services = Compose(FindParts(name, options), new ClientSecretReload(provider, registry, name, options));
        provider.GetRequiredService<DrainOnDispose>().Services = services;
        return services;
    }

    public SessionServices Compose(string name, Action<TokenRefreshOptions> configure)
    {
        var options = CreateOptions(name, configure);
        var services = Compose(FindParts(name, options), reload: null);
        SessionComposer.WarnOfInsecureOrigins(services.Logger, name, options);
        provider.GetRequiredService<DrainAddedSessions>();
        return services;
    }

    private SessionServices Compose(SessionParts parts, ClientSecretReload? reload)
    {
        var client = new BackchannelClient(provider, BackchannelName(parts.Name), parts.Options);
        var owned = new Disposables(reload, client);
        try
        {
            return SessionComposer.Compose(parts with { Client = client.Get, Owned = owned });
        }
        catch
        {
            owned.Dispose();
            throw;
        }
    }

    private SessionParts FindParts(string name, TokenRefreshOptions options)
    {
        var time = provider.GetService<TimeProvider>() ?? TimeProvider.System;
        return new SessionParts(name, options, time)
        {
            Store = registry.Find<ITokenStore>(provider, name),
            Endpoint = registry.Find<ITokenEndpoint>(provider, name),
            Protector = registry.Find<ITokenProtector>(provider, name),
            LoggerFactory = provider.GetRequiredService<ILoggerFactory>(),
            Instruments = provider.GetRequiredService<Instruments>(),
        };
    }

    // The settings for all sessions come first, then the caller's own. The options framework isn't used, because it would never remove the
    // options from its cache.
    private TokenRefreshOptions CreateOptions(string name, Action<TokenRefreshOptions> configure)
    {
        var options = new TokenRefreshOptions();
        var configures = provider.GetServices<IConfigureOptions<TokenRefreshOptions>>();
        foreach (var forAll in configures.OfType<IConfigureNamedOptions<TokenRefreshOptions>>())
        {
            forAll.Configure(name, options);
        }

        configure(options);
        foreach (var after in provider.GetServices<IPostConfigureOptions<TokenRefreshOptions>>())
        {
            after.PostConfigure(name, options);
        }

        // The app's own validators skip what isn't theirs. The registered RegistrationValidator would refuse a name that a client uses and
        // that wasn't registered at the start: this call adds it.
        var failures = provider.GetServices<IValidateOptions<TokenRefreshOptions>>()
            .Where(validator => validator is not RegistrationValidator)
            .Select(validator => validator.Validate(name, options))
            .Append(new RegistrationValidator(provider, registry).ValidateSession(name, options))
            .SelectMany(result => result.Failures ?? [])
            .ToList();
        return failures.Count > 0 ? throw new OptionsValidationException(name, typeof(TokenRefreshOptions), failures) : options;
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

    private sealed class Disposables(params IDisposable?[] parts) : IDisposable
    {
        public void Dispose() => Array.ForEach(parts, part => part?.Dispose());
    }
}
