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
    private readonly SessionCreations _creations = provider.GetRequiredService<SessionCreations>();

    public static string BackchannelName(string sessionName) => "TokenRefresh.Backchannel:" + sessionName;

    public bool IsRegistered(string name) => registry.Sessions.Contains(name);

    public ArgumentException UnknownSession(string name) => new(registry.UnknownSessionMessage(name), nameof(name));

    public void RequireNoCycle(string name) => _creations.RequireNoCycle(name);

    public SessionServices Compose(string name) => _creations.Run(name, () =>
    {
        var options = SessionOptions.Get(provider, name);
        var services = Compose(options, FindSettings(name), new ClientSecretReload(provider, registry, name, options));
        provider.GetRequiredService<DrainOnDispose>().Services = services;
        return services;
    });

    public SessionServices Compose(string name, Action<TokenRefreshOptions> configure) => _creations.Run(name, () =>
    {
        var options = CreateOptions(name, configure);
        var services = Compose(options, FindSettings(name), reload: null);
        SessionComposer.WarnOfInsecureOrigins(services.Logger, name, options);
        provider.GetRequiredService<DrainAddedSessions>();
        return services;
    });

    private SessionServices Compose(TokenRefreshOptions options, TokenSessionSettings settings, ClientSecretReload? reload)
    {
        var client = new BackchannelClient(provider, BackchannelName(settings.Name), options);
        var owned = new OnDispose(() =>
        {
            reload?.Dispose();
            client.Dispose();
        });
        try
        {
            return SessionComposer.Compose(options, settings, client.Get, provider.GetRequiredService<Instruments>(), owned);
        }
        catch
        {
            owned.Dispose();
            throw;
        }
    }

    private TokenSessionSettings FindSettings(string name) => new()
    {
        Name = name,
        TimeProvider = provider.GetService<TimeProvider>() ?? TimeProvider.System,
        Store = registry.Find<ITokenStore>(provider, name),
        TokenEndpoint = registry.Find<ITokenEndpoint>(provider, name),
        Protector = registry.Find<ITokenProtector>(provider, name),
        LoggerFactory = provider.GetRequiredService<ILoggerFactory>(),
    };

    // The settings for all sessions come first, then the caller's own. The cache of the options isn't used, because nothing would remove
    // the options from it.
    private TokenRefreshOptions CreateOptions(string name, Action<TokenRefreshOptions> configure)
    {
        var configures = provider.GetServices<IConfigureOptions<TokenRefreshOptions>>();
        var validators = provider.GetServices<IValidateOptions<TokenRefreshOptions>>();
        return new OptionsFactory<TokenRefreshOptions>(
            configures.Append(new ConfigureNamedOptions<TokenRefreshOptions>(name, configure)),
            provider.GetServices<IPostConfigureOptions<TokenRefreshOptions>>(),
            validators.Where(validator => validator is not RegistrationValidator).Append(new AddedSessionValidator(provider, registry)))
            .Create(name);
    }

    // The registered RegistrationValidator would refuse a name that a client uses and that wasn't registered at the start.
    private sealed class AddedSessionValidator(IServiceProvider provider, SessionRegistry registry) : IValidateOptions<TokenRefreshOptions>
    {
        public ValidateOptionsResult Validate(string? name, TokenRefreshOptions options) =>
            new RegistrationValidator(provider, registry).ValidateSession(name!, options);
    }
}
