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

    /// <summary>The services that the session is registered in.</summary>
    public IServiceCollection Services { get; }

    /// <summary>The session's name.</summary>
    public string Name { get; }

    /// <summary>The HTTP client that sends token requests: for a proxy, a client certificate, or a mock server in tests.</summary>
    /// <remarks>
    /// The client uses the primary handler of <c>ConfigureHttpClientDefaults</c>, unless you set one here. Other settings for all clients
    /// don't apply: no handlers, default headers, loggers or builder filters. The exception is service discovery, if the endpoint's address
    /// is looked up. Handlers that you add here apply. The client follows no redirect and keeps no cookie. For an http endpoint on loopback
    /// it uses no proxy. Return a new primary handler for each client: in one that other clients share, these settings change for them too.
    /// </remarks>
    public IHttpClientBuilder TokenEndpointClient => Services.AddHttpClient(ContainerComposer.BackchannelName(Name));

    /// <summary>Keeps the session's tokens in this store.</summary>
    /// <param name="store">The store. The container doesn't dispose it. It replaces a store of an earlier call.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="store"/> is <see langword="null"/>.</exception>
    public TokenSessionBuilder UseStore(ITokenStore store)
    {
        Require.NotNull(store, nameof(store));
        return Replace(ServiceDescriptor.KeyedSingleton(Name, store));
    }

    /// <summary>Keeps the session's tokens in a store that is created when it is first needed.</summary>
    /// <param name="factory">Creates the store, once. The container disposes it.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="factory"/> is <see langword="null"/>.</exception>
    public TokenSessionBuilder UseStore(Func<IServiceProvider, ITokenStore> factory) => Use(factory);

    /// <summary>Requests tokens through an endpoint of your own, instead of by HTTP.</summary>
    /// <param name="factory">Creates the endpoint, once. The container disposes it.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="factory"/> is <see langword="null"/>.</exception>
    public TokenSessionBuilder UseEndpoint(Func<IServiceProvider, ITokenEndpoint> factory) => Use(factory);

    /// <summary>Encrypts the session's tokens before they are saved.</summary>
    /// <param name="factory">Creates the protector, once. The container disposes it.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="factory"/> is <see langword="null"/>.</exception>
    public TokenSessionBuilder UseProtector(Func<IServiceProvider, ITokenProtector> factory) => Use(factory);

    /// <summary>
    /// Keeps the session's tokens in files, for several processes of one user on one machine. The tokens must be encrypted: see
    /// <see cref="UseProtector"/>.
    /// </summary>
    /// <param name="directory">A directory of its own on a local disk. See <see cref="FileTokenStore"/>.</param>
    /// <param name="options">The options of the store; <see langword="null"/> for the defaults.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="directory"/> is empty.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="directory"/> is <see langword="null"/>.</exception>
    public TokenSessionBuilder UseFileStore(string directory, FileTokenStoreOptions? options = null)
    {
        Require.NotEmpty(directory, nameof(directory));
        return UseStore(provider => new FileTokenStore(directory, options, provider.GetService<TimeProvider>()));
    }

    /// <summary>Allows a store without a protector. Use it if the store encrypts by itself, such as a keychain, and in tests.</summary>
    /// <returns>This builder.</returns>
    public TokenSessionBuilder AllowUnencryptedStore()
    {
        TokenRefreshServiceCollectionExtensions.RegistryOf(Services).UnencryptedSessions.Add(Name);
        return this;
    }

    private TokenSessionBuilder Use<T>(Func<IServiceProvider, T> factory)
        where T : class
    {
        Require.NotNull(factory, nameof(factory));

        // With null the session would use its default, such as memory in place of a store.
        return Replace(ServiceDescriptor.KeyedSingleton(Name, (provider, _) => factory(provider) ?? throw new InvalidOperationException(
            $"The factory of the {typeof(T).Name} of session '{Name}' returned null. Return an object; if the container creates it, use "
            + "GetRequiredService.")));
    }

    private TokenSessionBuilder Replace(ServiceDescriptor descriptor)
    {
        // The last call counts.
        Services.RemoveAllKeyed(descriptor.ServiceType, descriptor.ServiceKey);
        Services.Add(descriptor);
        return this;
    }
}
