using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using TokenRefresh;
using TokenRefresh.AspNetCore.BackChannelLogout;
using TokenRefresh.AspNetCore.Blazor;
using TokenRefresh.AspNetCore.DependencyInjection;
using TokenRefresh.AspNetCore.Requests;
using TokenRefresh.AspNetCore.Sessions;
using TokenRefresh.AspNetCore.SignIn;
using TokenRefresh.AspNetCore.SignOut;
using TokenRefresh.DependencyInjection;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers token sessions for the users of a web app.</summary>
public static class TokenRefreshUserServiceCollectionExtensions
{
    /// <summary>
    /// Registers a token session for each browser login of the app. The client and its endpoints come from the app's OpenID Connect scheme.
    /// If your app signs its users in itself, set <see cref="TokenRefreshOptions.TokenEndpoint"/> and call
    /// <see cref="TokenSessionHttpContextExtensions.SignInWithTokensAsync"/>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The session's name: HTTP clients use it with <c>AddTokenRefreshHandler(name)</c>.</param>
    /// <param name="configure">
    /// Sets the session's options. <see cref="TokenRefreshOptions.ReLoginResult"/> is <see cref="ReLoginResult.Throw"/> by default here, so
    /// that <c>UseTokenRefresh</c> can answer with a sign-in.
    /// </param>
    /// <param name="configureUsers">Sets the authentication schemes of the session, and which browsers share a session.</param>
    /// <returns>A builder for the store and the encryption of the tokens.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is empty.</exception>
    public static TokenSessionBuilder AddUserTokenSession(
        this IServiceCollection services,
        string name,
        Action<TokenRefreshOptions>? configure = null,
        Action<UserTokenOptions>? configureUsers = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var names = AddCommonServices(services);
        var builder = services.AddTokenSession(name);
        if (!names.Names.Contains(name))
        {
            names.Names.Add(name);
            AddUserSession(builder);
        }

        if (configure is not null)
        {
            services.Configure(name, configure);
        }

        if (configureUsers is not null)
        {
            services.Configure(name, configureUsers);
        }

        return builder;
    }

    /// <summary>
    /// Sends the requests of Blazor Server circuits with the token of the circuit's user. If the user signs out in another tab or at the
    /// provider, the circuit no longer has a user. Call it after <c>AddInteractiveServerComponents</c>. If the app has its own
    /// <see cref="AuthenticationStateProvider"/>, that one stays in use.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <returns>The same services.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is <see langword="null"/>.</exception>
    public static IServiceCollection AddTokenRefreshForBlazor(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        AddCommonServices(services);
        services.TryAddEnumerable(ServiceDescriptor.Scoped<CircuitHandler, CircuitUserHandler>());
        services.TryAddSingleton<LoginWatch>();
        var own = services.LastOrDefault(service => service.ServiceType == typeof(AuthenticationStateProvider));
        if (own is null || own.ImplementationType == typeof(ServerAuthenticationStateProvider))
        {
            services.AddScoped<AuthenticationStateProvider, TokenAuthenticationStateProvider>();
        }

        return services;
    }

    private static UserSessionNames AddCommonServices(IServiceCollection services)
    {
        var registered = services.FirstOrDefault(service => service.ServiceType == typeof(UserSessionNames));
        if (registered?.ImplementationInstance is UserSessionNames known)
        {
            return known;
        }

        var names = new UserSessionNames();
        services.AddSingleton(names);
        services.AddHttpContextAccessor();
        services.AddAntiforgery();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<UserSessionRegistry>();
        services.AddSingleton<CookieLogins>();
        services.AddSingleton<CookieRenewal>();
        services.AddSingleton<CurrentLogin>();
        services.AddSingleton<IdTokenHint>();
        services.AddSingleton<LoginChecker>();
        services.AddSingleton<LogoutRecords>();
        services.AddSingleton<LogoutStore>();
        services.AddSingleton<LogoutTokenValidator>();
        services.AddSingleton<ProviderKeys>();
        services.AddSingleton<ProviderLogout>();
        services.AddSingleton<LoginReplacement>();
        services.AddSingleton<OpenIdConnectSignIn>();
        services.AddSingleton<SessionChanges>();
        services.AddSingleton<SessionCookie>();
        services.AddSingleton<SessionSignIn>();
        services.AddSingleton<SessionSignOut>();
        services.AddSingleton<StoreAdvice>();
        services.AddSingleton<StoreLimit>();
        services.AddSingleton<ISessionOptionsChanges, SchemeChanges>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CookieAuthenticationOptions>, CookieSchemeSetup>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<OpenIdConnectOptions>, OpenIdConnectSchemeSetup>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<TokenRefreshOptions>, SessionOptionsSetup>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TokenRefreshOptions>, UserSessionValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, MemoryOnlyWarning>());
        return names;
    }

    private static void AddUserSession(TokenSessionBuilder builder)
    {
        var (services, name) = (builder.Services, builder.Name);

        // It comes first, so that the app's own value counts whatever the order of the calls.
        services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<TokenRefreshOptions>>(
            new ConfigureNamedOptions<TokenRefreshOptions>(name, options => options.ReLoginResult = ReLoginResult.Throw)));
        builder.TokenEndpointClient.AddHttpMessageHandler(provider => new DiscoveryHandler(
            provider.GetRequiredService<UserSessionRegistry>(),
            provider.GetRequiredService<TokenSessions>(),
            name));
        UseCurrentUser(services, name);
    }

    // [FromKeyedServices(name)] TokenSession is the session of the request's or circuit's user, not one for all.
    private static void UseCurrentUser(IServiceCollection services, string name)
    {
        services.RemoveAllKeyed<TokenSession>(name);
        services.AddKeyedScoped(name, static (provider, key) =>
        {
            var registry = provider.GetRequiredService<UserSessionRegistry>();
            var session = registry.Get((string)key!);
            var login = provider.GetRequiredService<CurrentLogin>().Find(session)
                ?? throw TokenSessionHttpContextExtensions.NoUser(session.Name);
            return provider.GetRequiredService<TokenSessions>()[session.Name, login.SessionKey];
        });
    }
}
