using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>Makes the app fail at its start if a method is called without the services that it needs.</summary>
internal static class RequiredServices
{
    /// <exception cref="InvalidOperationException">The services have no user session.</exception>
    public static void Check(IServiceProvider services, string method)
    {
        if (services.GetService<UserSessionNames>() is not { Names.Count: > 0 })
        {
            throw new InvalidOperationException(
                $"{method} needs a user token session. Write builder.Services.AddUserTokenSession(\"name\") before builder.Build().");
        }
    }
}
