using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignOut;

/// <summary>Whether the provider of a session can sign the user out (OpenID Connect RP-Initiated Logout 1.0).</summary>
internal static class ProviderSignOut
{
    public static async Task<bool> IsSupportedAsync(UserSession session, CancellationToken cancellationToken)
    {
        if (session.GetOpenIdConnectOptions() is not { ConfigurationManager: { } discovery })
        {
            return false;
        }

        try
        {
            var configuration = await discovery.GetConfigurationAsync(cancellationToken).ConfigureAwait(false);
            return !string.IsNullOrEmpty(configuration.EndSessionEndpoint);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The provider can't be reached. The user is still signed out of the app.
            return false;
        }
    }
}
