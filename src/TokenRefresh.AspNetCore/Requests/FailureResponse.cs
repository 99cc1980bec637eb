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

    /// <summary>401 for a script: the user must sign in.</summary>
    public static void WriteSignInRequired(HttpContext context) => Write(
        context,
        StatusCodes.Status401Unauthorized,
        "Sign in",
        "You aren't signed in, or your login has ended. Reload the page to sign in.",
        "login_required");

    /// <summary>403 for a script: the user lacks a permission.</summary>
    public static void WriteForbidden(HttpContext context) => Write(
        context,
        StatusCodes.Status403Forbidden,
        "Forbidden",
        "You are signed in, but you aren't allowed to do this.",
        "forbidden");

    /// <summary>401 for a page or script: the API rejects a token that is fresh, and a new sign-in wouldn't help.</summary>
    public static void WriteTokenNotAccepted(HttpContext context) => Write(
        context,
        StatusCodes.Status401Unauthorized,
        "The API does not accept this login",
        "You are signed in, but an API rejects the access token of this app. Signing in again does not help. "
        + "The app's operator finds the reason in the log: check the token's audience, scope and issuer.",
        "token_not_accepted");

    /// <summary>503: the token can't be refreshed or saved now.</summary>
    public static void WriteUnavailable(HttpContext context, TimeSpan? retryAfter)
    {
        var seconds = Math.Max(1, (long)Math.Ceiling((retryAfter ?? DefaultRetryAfter).TotalSeconds));
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        Write(
            context,
            StatusCodes.Status503ServiceUnavailable,
            "Temporarily unavailable",
            $"The login service can't be reached now. You stay signed in. Try again in {seconds} s.",
            "temporarily_unavailable");
    }

    /// <summary>403: the request comes from another site.</summary>
    public static void WriteCrossSite(HttpContext context) => Write(
        context,
        StatusCodes.Status403Forbidden,
        "Cross-site request",
        "This request must come from the app's own pages.",
        "cross_site_request");

    // Not flushed: where an endpoint has several schemes, the next one still adds its own status and header.
    private static void Write(HttpContext context, int status, string title, string detail, string code)
    {
        var response = context.Response;
        if (response.HasStarted)
        {
            return;
        }

        var isPage = RequestKind.IsPage(context.Request);
        response.StatusCode = status;
        response.Headers.CacheControl = "no-store";
        response.ContentType = isPage ? "text/plain; charset=utf-8" : "application/problem+json";
        if (!context.Items.TryAdd(WrittenBody, true))
        {
            // Another scheme of this endpoint has written the body.
            return;
        }

        if (isPage)
        {
            response.BodyWriter.Write(Encoding.UTF8.GetBytes($"{title}. {detail}"));
            return;
        }

        var problem = new ProblemDetails { Status = status, Title = title, Detail = detail, Extensions = { ["code"] = code } };
        using var json = new Utf8JsonWriter(response.BodyWriter);
        JsonSerializer.Serialize(json, problem);
    }
}
