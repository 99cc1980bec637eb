using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using TokenRefresh;
using TokenRefresh.DependencyInjection;
using TokenRefresh.Diagnostics;
using TokenRefresh.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers token sessions.</summary>
public static class TokenRefreshServiceCollectionExtensions
{
    /// <summary>
    /// Registers <see cref="TokenSessions"/> without a session: for an app that adds all of its sessions at run time. Any other
    /// registration of a session includes this one.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddTokenSessions(this IServiceCollection services)
    {
        Require.NotNull(services, nameof(services));
        RegistryOf(services);
        return services;
    }

    /// <summary>
    /// Registers a session: one login, which any number of HTTP clients can use by <c>AddTokenRefreshHandler(name)</c>. Another call with
    /// the same name keeps the earlier settings and adds to them.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The session's name: the key of <see cref="TokenSessions"/> and of the keyed <see cref="TokenSession"/>.</param>
    /// <returns>A builder for the session's store, encryption and token requests.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty.</exception>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static TokenSessionBuilder AddTokenSession(this IServiceCollection services, string name)
    {
        Require.NotNull(services, nameof(services));
        Require.NotEmpty(name, nameof(name));
        if (RegistryOf(services).Sessions.Add(name))
        {
            services.TryAddKeyedSingleton(name, (provider, _) => provider.GetRequiredService<TokenSessions>()[name]);
            services.AddOptions<TokenRefreshOptions>(name).ValidateOnStart();

            // Registers the name for the app's own settings of the client: see BackchannelClient.
            services.AddHttpClient(ContainerComposer.BackchannelName(name));
        }

        return new TokenSessionBuilder(services, name);
    }

    /// <summary>Registers a session and sets its options.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The session's name.</param>
    /// <param name="configure">Sets the options. They are validated when the app starts.</param>
    /// <returns>A builder for the session's store, encryption and token requests.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty.</exception>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static TokenSessionBuilder AddTokenSession(this IServiceCollection services, string name, Action<TokenRefreshOptions> configure)
    {
        Require.NotNull(configure, nameof(configure));
        var builder = services.AddTokenSession(name);
        services.Configure(name, configure);
        return builder;
    }

    /// <summary>Registers a session whose options come from configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The session's name.</param>
    /// <param name="section">
    /// The section that has the options by their names. An unknown name is an error when the app starts. A <c>ClientSecret</c> that changes
    /// in the section while the app runs is used by the next token call; other changes need a restart.
    /// </param>
    /// <returns>A builder for the session's store, encryption and token requests.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty.</exception>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    public static TokenSessionBuilder AddTokenSession(this IServiceCollection services, string name, IConfigurationSection section)
    {
        Require.NotNull(section, nameof(section));
        RegistryOf(services).Sections.Add((name, section));
        return services.AddTokenSession(name, new OptionsReader(name, section).ReadInto);
    }

    internal static SessionRegistry RegistryOf(IServiceCollection services)
    {
        if (services.FirstOrDefault(descriptor => descriptor.ServiceType == typeof(SessionRegistry)) is { } known)
        {
            return (SessionRegistry)known.ImplementationInstance!;
        }

        var registry = new SessionRegistry();
        services.AddSingleton(registry);
        services.AddLogging();
        services.TryAddSingleton(provider => Instruments.For(provider.GetService<IMeterFactory>()));
        services.TryAddSingleton(provider => new TokenSessions(provider, new ContainerComposer(provider, registry)));
        services.TryAddSingleton<DrainAddedSessions>();
        services.TryAddSingleton<SessionCreations>();
        services.TryAddTransient<IOptionsFactory<TokenRefreshOptions>, SessionOptionsFactory>();
        services.TryAddSingleton(provider => provider.GetRequiredService<TokenSessions>()[registry.OnlySession()]);
        services.TryAddTransient<DrainOnDispose>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TokenRefreshOptions>, RegistrationValidator>());
        return registry;
    }
}
