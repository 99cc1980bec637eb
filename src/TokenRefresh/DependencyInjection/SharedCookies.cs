using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Protocol;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// Turns the cookies of a client off if its session has many users. They share the client's primary handler, and with cookies a request of
/// one user would be sent with the API's session cookie of another.
/// </summary>
internal sealed class SharedCookies(string sessionName, string clientName)
{
    // The platform creates new handlers every two minutes.
    private bool _isWarned;

    /// <summary>
    /// Turns them off on the handler that the platform creates. Call it before everything else that configures the client: a handler of
    /// the app's own, and what the app sets, stay as they are.
    /// </summary>
    public void TurnOff(HttpMessageHandlerBuilder builder)
    {
        // If the options are wrong now, the session may have users later.
        if (SessionOptions.Find(builder.Services, sessionName) is not { UserKey: null })
        {
            builder.PrimaryHandler.TurnOff(PrimaryHandlerSetting.UseCookies);
        }
    }

    /// <summary>
    /// Warns once of cookies that are on in the end. The platform's handler may have been replaced, by the app or by the platform itself.
    /// </summary>
    public void WarnIfOn(HttpMessageHandlerBuilder builder)
    {
        if (!_isWarned
            && builder.PrimaryHandler.IsOn(PrimaryHandlerSetting.UseCookies)
            && SessionOptions.Find(builder.Services, sessionName) is { UserKey: not null })
        {
            _isWarned = true;
            SessionLog.SharedCookies(new GuardedLogger(builder.Services.GetRequiredService<ILoggerFactory>()), sessionName, clientName);
        }
    }
}
