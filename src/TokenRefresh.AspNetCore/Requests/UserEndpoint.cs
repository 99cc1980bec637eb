using Microsoft.AspNetCore.Http;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.Requests;

/// <summary>Returns the user of a request as JSON.</summary>
internal static class UserEndpoint
{
    public static Task HandleAsync(HttpContext context)
    {
        if (context.User.Identity?.IsAuthenticated != true)
        {
            return FailureResponse.SendSignInRequiredAsync(context);
        }

        context.Response.Headers.CacheControl = "no-store";
        var claims = context.User.Claims
            .Where(claim => !SessionClaims.IsOurs(claim))
            .Select(claim => new UserClaim(claim.Type, claim.Value));
        return context.Response.WriteAsJsonAsync(new { name = context.User.Identity.Name, claims }, context.RequestAborted);
    }

    private sealed record UserClaim(string Type, string Value);
}
