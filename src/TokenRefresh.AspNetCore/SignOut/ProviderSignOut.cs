using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.SignOut;

/// <summary>
/// The sign-out at the provider (OpenID Connect RP-Initiated Logout 1.0). Some providers have an address of their own for it, to which the
/// app's event redirects.
/// </summary>
internal static class ProviderSignOut
{
    /// <summary>Whether the scheme's handler can begin the sign-out.</summary>
    public static async Task<bool> IsPossibleAsync(UserSession session, CancellationToken cancellationToken)
    {
        if (session.GetOpenIdConnectOptions() is not { ConfigurationManager: { } discovery })
        {
            return false;
        }

        try
        {
            _ = await discovery.GetConfigurationAsync(cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The provider can't be reached. The user is still signed out of the app.
            return false;
        }
    }

    /// <summary>
    /// Redirects to the next page if the provider has no address for a sign-out. The scheme's handler would throw an exception then.
    /// </summary>
    public static void SkipIfUnsupported(RedirectContext context)
    {
        if (!context.Handled && string.IsNullOrEmpty(context.ProtocolMessage.IssuerAddress))
        {
            context.Response.Redirect(context.Properties.RedirectUri!);
            context.HandleResponse();
        }
    }
}
