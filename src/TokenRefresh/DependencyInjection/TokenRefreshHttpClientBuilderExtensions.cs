using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Http;
using TokenRefresh;
using TokenRefresh.DependencyInjection;
using TokenRefresh.Handling;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the <see cref="TokenRefreshHandler"/> to HTTP clients.</summary>
public static class TokenRefreshHttpClientBuilderExtensions
{
    /// <summary>Sends the client's requests with a session of its own. The session has the client's name.</summary>
    /// <param name="builder">The HTTP client.</param>
    /// <param name="configure">Sets the options. They are validated when the app starts.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">
    /// The builder is that of <c>ConfigureHttpClientDefaults</c> or of the default client, which has no name; or the client has another
    /// session already.
    /// </exception>
    public static IHttpClientBuilder AddTokenRefreshHandler(this IHttpClientBuilder builder, Action<TokenRefreshOptions> configure)
    {
        Require.NotNull(builder, nameof(builder));
        Require.NotNull(configure, nameof(configure));
        AddHandler(builder, builder.Name);
        builder.Services.AddTokenSession(builder.Name, configure);
        return builder;
    }

    /// <summary>
    /// Sends the client's requests with a session of its own. The session has the client's name; its options come from configuration.
    /// </summary>
    /// <param name="builder">The HTTP client.</param>
    /// <param name="section">The section that has the options by their names. An unknown name is an error when the app starts.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">
    /// The builder is that of <c>ConfigureHttpClientDefaults</c> or of the default client, which has no name; or the client has another
    /// session already.
    /// </exception>
    public static IHttpClientBuilder AddTokenRefreshHandler(this IHttpClientBuilder builder, IConfigurationSection section)
    {
        Require.NotNull(builder, nameof(builder));
        Require.NotNull(section, nameof(section));
        AddHandler(builder, builder.Name);
        builder.Services.AddTokenSession(builder.Name, section);
        return builder;
    }

    /// <summary>Sends the client's requests with a session that several clients share, registered by <c>AddTokenSession</c>.</summary>
    /// <param name="builder">The HTTP client.</param>
    /// <param name="sessionName">The session's name.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="sessionName"/> is empty.</exception>
    /// <exception cref="ArgumentNullException">An argument is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">
    /// The builder is that of <c>ConfigureHttpClientDefaults</c>, or the client has another session already.
    /// </exception>
    public static IHttpClientBuilder AddTokenRefreshHandler(this IHttpClientBuilder builder, string sessionName)
    {
        Require.NotNull(builder, nameof(builder));
        Require.NotEmpty(sessionName, nameof(sessionName));
        AddHandler(builder, sessionName);
        return builder;
    }

    private static void AddHandler(IHttpClientBuilder builder, string sessionName)
    {
        var client = builder.Name;
        if (client is null)
        {
            throw new InvalidOperationException(
                "AddTokenRefreshHandler can't be part of ConfigureHttpClientDefaults: the clients that fetch tokens would get it too. "
                + "Call it on each client that needs it, and give them one session by AddTokenSession.");
        }

        if (sessionName.Length == 0)
        {
            throw new InvalidOperationException(
                "The default HTTP client has no name, so its session would have none. Register a session by AddTokenSession, and pass its "
                + "name to AddTokenRefreshHandler.");
        }

        var clients = TokenRefreshServiceCollectionExtensions.RegistryOf(builder.Services).Clients;
        if (clients.TryGetValue(client, out var session))
        {
            // A second call with the same session has no effect.
            if (session != sessionName)
            {
                throw new InvalidOperationException(
                    $"The client '{client}' has the token session '{session}' already, and can't have '{sessionName}' too. Remove one of "
                    + "the two AddTokenRefreshHandler calls.");
            }

            return;
        }

        clients.Add(client, sessionName);
        builder.Services.AddOptions<TokenRefreshOptions>(sessionName).ValidateOnStart();
        builder.AddHttpMessageHandler(provider => new TokenRefreshHandler(SessionResolver.For(provider, sessionName, client)));
        builder.Services.PostConfigure<HttpClientFactoryOptions>(
            client, options => AddActions(options.HttpMessageHandlerBuilderActions, client, sessionName));
    }

    // Before and after everything that configures the client.
    private static void AddActions(IList<Action<HttpMessageHandlerBuilder>> actions, string client, string sessionName)
    {
        var cookies = new SharedCookies(sessionName, client);
        actions.Insert(0, cookies.TurnOff);
        actions.Add(cookies.WarnIfOn);
        actions.Add(handlers => LookedUpAddressHandlers.Add(handlers, sessionName, client));
    }
}
