using TokenRefresh.AspNetCore.Requests;
using TokenRefresh.AspNetCore.Sessions;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Adds the middleware that answers requests whose API call failed because of the user's token.</summary>
public static class TokenRefreshApplicationBuilderExtensions
{
    /// <summary>
    /// Answers a request whose API call failed because of the user's token. If the login has ended, a page gets a sign-in and a script a
    /// 401 with JSON. If the token can't be refreshed now, the answer is 503 with <c>Retry-After</c>, and the user stays signed in. If the
    /// API rejects a good token, the answer is 401, because a new sign-in wouldn't help.
    /// </summary>
    /// <remarks>
    /// Call it after <c>UseExceptionHandler</c>: the exception handler gets all exceptions that don't concern the user's token. The
    /// middleware handles a 401 of the API only if the app's code throws for it.
    /// </remarks>
    /// <param name="app">The app.</param>
    /// <returns>The same app.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="app"/> is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">The services have no user session.</exception>
    public static IApplicationBuilder UseTokenRefresh(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        RequiredServices.Check(app.ApplicationServices, nameof(UseTokenRefresh));
        return app.UseMiddleware<TokenRefreshMiddleware>();
    }
}
