using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.SignIn;

/// <summary>
/// Makes a login fail at its last step as the handler's own failures do: by the app's RemoteFailure event, or by an exception.
/// </summary>
internal static class RemoteLoginFailure
{
    /// <exception cref="Exception">The error, if the app's event doesn't answer the request.</exception>
    public static async Task FailAsync(TicketReceivedContext context, Exception error)
    {
        var failure = new RemoteFailureContext(context.HttpContext, context.Scheme, context.Options, error)
        {
            Properties = context.Properties,
        };
        var events = context.Options.EventsType is { } type
            ? (RemoteAuthenticationEvents)context.HttpContext.RequestServices.GetRequiredService(type)
            : context.Options.Events;
        await events.RemoteFailure(failure).ConfigureAwait(false);
        switch (failure.Result)
        {
            case { Handled: true }:
                context.HandleResponse();
                return;
            case { Skipped: true }:
                context.SkipHandler();
                return;
            default:
                throw error;
        }
    }
}
