using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.AspNetCore.BackChannelLogout;
using TokenRefresh.AspNetCore.Requests;
using TokenRefresh.AspNetCore.Sessions;
using TokenRefresh.AspNetCore.SignOut;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the endpoints that a web app with token sessions needs.</summary>
public static class TokenRefreshEndpointExtensions
{
    // The output cache ignores Cache-Control. A policy of the app for all endpoints must not give one user the response of another.
    private static readonly OutputCacheAttribute NeverCached = new() { NoStore = true };

    /// <summary>
    /// Maps the sign-out: a POST that deletes the cookie and signs the token session out. A form signs the user out at the provider too,
    /// and is redirected to the page that the parameter <c>returnUrl</c> names, if that is a page of this app. A script gets 204. A request
    /// of another site gets 403, as with <see cref="RequireSameOrigin"/>.
    /// </summary>
    /// <param name="endpoints">The app.</param>
    /// <param name="pattern">The path. The default is <c>/logout</c>.</param>
    /// <returns>A builder for more conventions.</returns>
    /// <exception cref="InvalidOperationException">The services have no user session.</exception>
    public static IEndpointConventionBuilder MapSignOut(this IEndpointRouteBuilder endpoints, string pattern = "/logout")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RequiredServices.Check(endpoints.ServiceProvider, nameof(MapSignOut));

        // A user whose login has ended may sign out too. The app's fallback policy must not prevent it.
        return Complete(endpoints.MapPost(pattern, SignOutEndpoint.HandleAsync), "sign-out");
    }

    /// <summary>
    /// Maps the endpoint that a provider calls when a user signs out there (OpenID Connect Back-Channel Logout 1.0). Register its address
    /// with the provider as the <c>backchannel_logout_uri</c> of the client.
    /// </summary>
    /// <param name="endpoints">The app.</param>
    /// <param name="pattern">The path. The default is <c>/backchannel-logout</c>.</param>
    /// <returns>A builder for more conventions.</returns>
    /// <exception cref="InvalidOperationException">The services have no user session.</exception>
    public static IEndpointConventionBuilder MapBackChannelLogout(
        this IEndpointRouteBuilder endpoints, string pattern = "/backchannel-logout")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RequiredServices.Check(endpoints.ServiceProvider, nameof(MapBackChannelLogout));
        endpoints.ServiceProvider.GetRequiredService<LogoutRecords>().IsUsed = true;
        return Complete(endpoints.MapPost(pattern, LogoutEndpoint.HandleAsync), "back-channel logout");
    }

    /// <summary>
    /// Maps an endpoint that says who is signed in. A GET returns the name and the claims of the user as JSON, or 401. The response
    /// contains no token, and not the key of the token session.
    /// </summary>
    /// <param name="endpoints">The app.</param>
    /// <param name="pattern">The path. The default is <c>/user</c>.</param>
    /// <returns>A builder for more conventions.</returns>
    /// <exception cref="InvalidOperationException">The services have no user session.</exception>
    public static IEndpointConventionBuilder MapUser(this IEndpointRouteBuilder endpoints, string pattern = "/user")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RequiredServices.Check(endpoints.ServiceProvider, nameof(MapUser));
        return Complete(endpoints.MapGet(pattern, UserEndpoint.HandleAsync), "user");
    }

    /// <summary>
    /// Refuses requests of other sites with 403, because they would be sent with the user's cookie. A request whose <c>Sec-Fetch-Site</c>
    /// isn't <c>same-origin</c> is refused. A request with <c>none</c> needs the header <c>X-Requested-With</c> or an antiforgery token. A
    /// request without that header needs one of these, or the app's <c>Origin</c>. GET, HEAD and OPTIONS are always allowed, except for the
    /// handshake of a WebSocket. If it has no <c>Sec-Fetch-Site</c>, the host of its <c>Origin</c> must be that of the request. A handshake
    /// without both isn't a browser's and is allowed.
    /// </summary>
    /// <typeparam name="TBuilder">The kind of endpoint.</typeparam>
    /// <param name="builder">An endpoint or a group: of a minimal API, a controller or a reverse proxy.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">
    /// This kind of endpoint can't be guarded. It is thrown when the endpoints are built.
    /// </exception>
    public static TBuilder RequireSameOrigin<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);

        // Not a filter: other kinds of endpoints, a reverse proxy's for example, ignore those.
        builder.Add(static endpoint =>
        {
            var next = endpoint.RequestDelegate ?? throw new InvalidOperationException(
                $"RequireSameOrigin can't guard the endpoint '{endpoint.DisplayName}'. "
                + "Use it on endpoints of a minimal API, a controller or a reverse proxy.");
            endpoint.RequestDelegate = context => GuardAsync(context, next);
        });
        return builder;
    }

    private static IEndpointConventionBuilder Complete(IEndpointConventionBuilder endpoint, string name) =>
        endpoint.AllowAnonymous().WithMetadata(NeverCached).WithDisplayName("TokenRefresh " + name);

    private static async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        var isSafe = IsSafe(context.Request.Method) && !RequestKind.IsHandshake(context.Request);
        if (isSafe || await SameOrigin.IsSatisfiedAsync(context).ConfigureAwait(false))
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status403Forbidden;
    }

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);
}
