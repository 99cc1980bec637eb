using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenRefresh.AspNetCore.Diagnostics;
using TokenRefresh.AspNetCore.Requests;

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>Receives logout tokens (OpenID Connect Back-Channel Logout 1.0, sections 2.5 to 2.8).</summary>
internal static class LogoutEndpoint
{
    private const string FormType = "application/x-www-form-urlencoded";
    private const string Parameter = "logout_token";
    private const int MaxBodyLength = 64 * 1024;

    public static async Task HandleAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (SameOrigin.IsFromBrowser(context.Request))
        {
            await FailureResponse.SendCrossSiteAsync(context).ConfigureAwait(false);
            return;
        }

        var services = context.RequestServices;
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(LogoutEndpoint));
        if (await ReadTokenAsync(context).ConfigureAwait(false) is not { } text)
        {
            await RefuseAsync(context, logger, "the body isn't a form with one logout_token").ConfigureAwait(false);
            return;
        }

        var validator = services.GetRequiredService<LogoutTokenValidator>();
        switch (await validator.ValidateAsync(text, context.RequestAborted).ConfigureAwait(false))
        {
            case LogoutTokenResult.Valid valid:
                await EndAsync(context, logger, valid).ConfigureAwait(false);
                return;
            case LogoutTokenResult.Invalid invalid:
                await RefuseAsync(context, logger, invalid.Reason).ConfigureAwait(false);
                return;
            case LogoutTokenResult.Unavailable unavailable:
                await FailAsync(context, logger, unavailable.Problem).ConfigureAwait(false);
                return;
        }
    }

    private static async Task EndAsync(HttpContext context, ILogger logger, LogoutTokenResult.Valid valid)
    {
        try
        {
            var logout = context.RequestServices.GetRequiredService<ProviderLogout>();
            if (!await logout.TryEndAsync(valid.Session, valid.Token).ConfigureAwait(false))
            {
                await RefuseAsync(context, logger, "it was used before").ConfigureAwait(false);
            }
        }
        catch (TokenRefreshException e)
        {
            await FailAsync(context, logger, e.Message).ConfigureAwait(false);
        }
    }

    /// <returns>The token, or <see langword="null"/> if the body is anything but a small form with exactly one.</returns>
    private static async Task<string?> ReadTokenAsync(HttpContext context)
    {
        var request = context.Request;
        var contentType = request.ContentType?.Split(';')[0].Trim();
        if (!FormType.Equals(contentType, StringComparison.OrdinalIgnoreCase) || request.ContentLength > MaxBodyLength)
        {
            return null;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxBodyLength;
        }

        try
        {
            var limits = new FormOptions { ValueLengthLimit = MaxBodyLength, ValueCountLimit = 16 };
            var form = await request.ReadFormAsync(limits, context.RequestAborted).ConfigureAwait(false);
            return form[Parameter] is [{ Length: > 0 } token] ? token : null;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or InvalidOperationException)
        {
            return null;
        }
    }

    private static Task RefuseAsync(HttpContext context, ILogger logger, string reason)
    {
        Log.LogoutTokenRefused(logger, reason);
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        var error = new { error = "invalid_request", error_description = $"The logout token is refused: {reason}." };
        return context.Response.WriteAsJsonAsync(error, CancellationToken.None);
    }

    private static Task FailAsync(HttpContext context, ILogger logger, string problem)
    {
        Log.BackChannelLogoutFailed(logger, problem);
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = "5";
        return Task.CompletedTask;
    }
}
