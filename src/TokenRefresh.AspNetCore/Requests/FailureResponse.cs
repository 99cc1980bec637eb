using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace TokenRefresh.AspNetCore.Requests;

/// <summary>
/// The responses of this package to requests that can't be answered normally. They contain no token, no exception text and no identifier.
/// </summary>
internal static class FailureResponse
{
    private const string WrittenBody = "TokenRefresh.FailureResponse";
    private static readonly TimeSpan DefaultRetryAfter = TimeSpan.FromSeconds(5);

    private static readonly Problem SignInRequired = new(
        StatusCodes.Status401Unauthorized,
        "Sign in",
        "You aren't signed in, or your login has ended. Reload the page to sign in.",
        "login_required");

    private static readonly Problem Forbidden = new(
        StatusCodes.Status403Forbidden,
        "Forbidden",
        "You are signed in, but you aren't allowed to do this.",
        "forbidden");

    private static readonly Problem TokenNotAccepted = new(
        StatusCodes.Status401Unauthorized,
        "The API does not accept this login",
        "You are signed in, but an API rejects the access token of this app. Signing in again does not help. "
        + "The app's operator finds the reason in the log: check the token's audience, scope and issuer.",
        "token_not_accepted");

    private static readonly Problem CrossSite = new(
        StatusCodes.Status403Forbidden,
        "Cross-site request",
        "This request must come from the app's own pages.",
        "cross_site_request");

    /// <summary>401 for a script in the challenge of a scheme: the user must sign in.</summary>
    public static Task ChallengeAsync(HttpContext context) => PrepareAsync(context, SignInRequired);

    /// <summary>403 for a script in the event of a scheme: the user lacks a permission.</summary>
    public static Task ForbidAsync(HttpContext context) => PrepareAsync(context, Forbidden);

    /// <summary>401 for a script: the user must sign in.</summary>
    public static Task SendSignInRequiredAsync(HttpContext context) => SendAsync(context, SignInRequired);

    /// <summary>401 for a page or script: the API rejects a token that is fresh, and a new sign-in wouldn't help.</summary>
    public static Task SendTokenNotAcceptedAsync(HttpContext context) => SendAsync(context, TokenNotAccepted);

    /// <summary>403: the request comes from another site.</summary>
    public static Task SendCrossSiteAsync(HttpContext context) => SendAsync(context, CrossSite);

    /// <summary>503: the token can't be refreshed or saved now.</summary>
    public static Task SendUnavailableAsync(HttpContext context, TimeSpan? retryAfter)
    {
        var seconds = Math.Max(1, (long)Math.Ceiling((retryAfter ?? DefaultRetryAfter).TotalSeconds));
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return SendAsync(context, new Problem(
            StatusCodes.Status503ServiceUnavailable,
            "Temporarily unavailable",
            $"The login service can't be reached now. You stay signed in. Try again in {seconds} s.",
            "temporarily_unavailable"));
    }

    private static async Task SendAsync(HttpContext context, Problem problem)
    {
        Write(context, problem);
        await context.Response.BodyWriter.FlushAsync().ConfigureAwait(false);
    }

    // A flush would start the response, but the next scheme of the endpoint still adds its own status and header. A buffer in place of the
    // body starts nothing, and needs the flush: the middleware that reads it knows nothing of this writer.
    private static async Task PrepareAsync(HttpContext context, Problem problem)
    {
        Write(context, problem);
        if (context.Response.Body.CanSeek)
        {
            await context.Response.BodyWriter.FlushAsync().ConfigureAwait(false);
        }
    }

    private static void Write(HttpContext context, Problem problem)
    {
        var response = context.Response;
        if (response.HasStarted)
        {
            return;
        }

        var isPage = RequestKind.IsPage(context.Request);
        response.StatusCode = problem.Status;
        response.Headers.CacheControl = "no-store";
        response.ContentType = isPage ? "text/plain; charset=utf-8" : "application/problem+json";
        if (!context.Items.TryAdd(WrittenBody, true))
        {
            // Another scheme of this endpoint has written the body.
            return;
        }

        if (isPage)
        {
            response.BodyWriter.Write(Encoding.UTF8.GetBytes($"{problem.Title}. {problem.Detail}"));
            return;
        }

        using var json = new Utf8JsonWriter(response.BodyWriter);
        JsonSerializer.Serialize(json, problem.ToDetails());
    }

    private sealed record Problem(int Status, string Title, string Detail, string Code)
    {
        public ProblemDetails ToDetails() => new() { Status = Status, Title = Title, Detail = Detail, Extensions = { ["code"] = Code } };
    }
}
