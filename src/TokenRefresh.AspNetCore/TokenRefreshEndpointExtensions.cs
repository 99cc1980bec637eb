using Microsoft.AspNetCore.Http;
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
    /// <summary>
    /// Maps the sign-out: a POST that deletes the cookie, signs the token session out and, from a form, signs the user out of the provider
    /// too. A request of another site is refused with 403: the browser must send <c>Sec-Fetch-Site: same-origin</c>, or the form needs an
    /// antiforgery token. The parameter <c>returnUrl</c> names the page that follows; only pages of this app are accepted.
    /// </summary>
    /// <param name="endpoints">The app.</param>
    /// <param name="pattern">The path.</param>
    /// <returns>A builder for more conventions.</returns>
    /// <exception cref="InvalidOperationException">The services have no user session.</exception>
    public static IEndpointConventionBuilder MapSignOut(this IEndpointRouteBuilder endpoints, string pattern = "/logout")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RequiredServices.Check(endpoints.ServiceProvider, nameof(MapSignOut));

        // A user whose login has ended may sign out too. The app's fallback policy must not prevent it.
        return endpoints.MapPost(pattern, SignOutEndpoint.HandleAsync).AllowAnonymous().WithDisplayName("TokenRefresh sign-out");
    }

    /// <summary>
    /// Maps the endpoint that a provider calls when a user signs out there (OpenID Connect Back-Channel Logout 1.0). Register its address
    /// with the provider as the <c>backchannel_logout_uri</c> of the client.
    /// </summary>
    /// <param name="endpoints">The app.</param>
    /// <param name="pattern">The path.</param>
    /// <returns>A builder for more conventions.</returns>
    /// <exception cref="InvalidOperationException">The services have no user session.</exception>
    public static IEndpointConventionBuilder MapBackChannelLogout(
        this IEndpointRouteBuilder endpoints, string pattern = "/backchannel-logout")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RequiredServices.Check(endpoints.ServiceProvider, nameof(MapBackChannelLogout));
        endpoints.ServiceProvider.GetRequiredService<LogoutRecords>().IsUsed = true;
        return endpoints.MapPost(pattern, LogoutEndpoint.HandleAsync).AllowAnonymous().WithDisplayName("TokenRefresh back-channel logout");
    }

    /// <summary>
    /// Maps an endpoint that tells a script who is signed in: a GET that gives the name and the claims of the user as JSON, or 401. It
    /// gives no token, and not the key of the token session.
    /// </summary>
    /// <param name="endpoints">The app.</param>
    /// <param name="pattern">The path.</param>
    /// <returns>A builder for more conventions.</returns>
    /// <exception cref="InvalidOperationException">The services have no user session.</exception>
    public static IEndpointConventionBuilder MapUser(this IEndpointRouteBuilder endpoints, string pattern = "/user")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RequiredServices.Check(endpoints.ServiceProvider, nameof(MapUser));
        return endpoints.MapGet(pattern, UserEndpoint.HandleAsync).AllowAnonymous().WithDisplayName("TokenRefresh user");
    }

    /// <summary>
    /// Refuses requests of other sites with 403, where they would change state with the user's cookie: the browser must send
    /// <c>Sec-Fetch-Site: same-origin</c>, or the script the header <c>X-Requested-With</c>, or the form an antiforgery token. GET, HEAD
    /// and OPTIONS pass.
    /// </summary>
    /// <typeparam name="TBuilder">The kind of endpoint.</typeparam>
    /// <param name="builder">An endpoint or a group: of a minimal API, a controller or a reverse proxy.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="InvalidOperationException">When the endpoints are built: this kind of endpoint can't be guarded.</exception>
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

    private static async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        if (IsSafe(context.Request.Method) || await SameOrigin.IsSatisfiedAsync(context).ConfigureAwait(false))
        {
            await next(context).ConfigureAwait(false);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status403Forbidden;
    }

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);
}
