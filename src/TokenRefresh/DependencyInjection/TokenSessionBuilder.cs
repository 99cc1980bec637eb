using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using TokenRefresh.DependencyInjection;

namespace TokenRefresh;

/// <summary>Configures one session: its store, its encryption, and how it requests tokens.</summary>
public sealed class TokenSessionBuilder
{
    internal TokenSessionBuilder(IServiceCollection services, string name)
    {
        Services = services;
        Name = name;
    }

    /// <summary>The services the session is registered in.</summary>
    public IServiceCollection Services { get; }

    /// <summary>The session's name.</summary>
    public string Name { get; }

    /// <summary>The HTTP client that sends token requests: for a proxy, a client certificate, or a mock server in tests.</summary>
    /// <remarks>
    /// Its primary handler is the one of <c>ConfigureHttpClientDefaults</c>, unless it is set here. Other settings for all clients don't
    /// apply: handlers, except for service discovery where the endpoint is looked up; default headers, loggers, builder filters. Handlers
    /// that are added here do. It follows no redirect and keeps no cookie, and uses no proxy for an http endpoint on loopback.
    /// </remarks>
    public IHttpClientBuilder TokenEndpointClient => Services.AddHttpClient(ContainerComposer.BackchannelName(Name));

    /// <summary>Keeps the session's tokens in this store.</summary>
    /// <param name="store">The store. It isn't disposed with the container.</param>
    /// <returns>This builder.</returns>
    public TokenSessionBuilder UseStore(ITokenStore store)
    {
        Require.NotNull(store, nameof(store));
        return Use(ServiceDescriptor.KeyedSingleton(Name, store));
    }

    /// <summary>Keeps the session's tokens in a store that is created when it is first needed.</summary>
    /// <param name="factory">Creates the store.</param>
    /// <returns>This builder.</returns>
    public TokenSessionBuilder UseStore(Func<IServiceProvider, ITokenStore> factory)
    {
        Require.NotNull(factory, nameof(factory));
        return Use(ServiceDescriptor.KeyedSingleton(Name, (provider, _) => factory(provider)));
    }

    /// <summary>Requests tokens through an endpoint of your own, instead of by HTTP.</summary>
    /// <param name="factory">Creates the endpoint.</param>
    /// <returns>This builder.</returns>
    public TokenSessionBuilder UseEndpoint(Func<IServiceProvider, ITokenEndpoint> factory)
    {
        Require.NotNull(factory, nameof(factory));
        return Use(ServiceDescriptor.KeyedSingleton(Name, (provider, _) => factory(provider)));
    }

    /// <summary>Encrypts the session's tokens before they are saved.</summary>
    /// <param name="factory">Creates the protector.</param>
    /// <returns>This builder.</returns>
    public TokenSessionBuilder UseProtector(Func<IServiceProvider, ITokenProtector> factory)
    {
        Require.NotNull(factory, nameof(factory));
        return Use(ServiceDescriptor.KeyedSingleton(Name, (provider, _) => factory(provider)));
    }

    /// <summary>
    /// Keeps the session's tokens in files, for several processes of one user on one machine. They must be encrypted: see
    /// <see cref="UseProtector"/>.
    /// </summary>
    /// <param name="directory">A directory of its own on a local disk. See <see cref="FileTokenStore"/>.</param>
    /// <param name="options">How the files are kept; <see langword="null"/> for the defaults.</param>
    /// <returns>This builder.</returns>
    public TokenSessionBuilder UseFileStore(string directory, FileTokenStoreOptions? options = null)
    {
        Require.NotEmpty(directory, nameof(directory));
        return UseStore(provider => new FileTokenStore(directory, options, provider.GetService<TimeProvider>()));
    }

    /// <summary>
    /// Allows the session's tokens to be saved as plain text. For a store that encrypts by itself, such as a keychain, and for tests.
    /// </summary>
    /// <returns>This builder.</returns>
    public TokenSessionBuilder AllowUnencryptedStore()
    {
        TokenRefreshServiceCollectionExtensions.RegistryOf(Services).UnencryptedSessions.Add(Name);
        return this;
    }

    private TokenSessionBuilder Use(ServiceDescriptor descriptor)
    {
        // The last word counts.
        Services.RemoveAllKeyed(descriptor.ServiceType, descriptor.ServiceKey);
        Services.Add(descriptor);
        return this;
    }
}
