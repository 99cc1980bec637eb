using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using TokenRefresh.Handling;

namespace TokenRefresh.DependencyInjection;

/// <summary>Puts two handlers around those of a client whose addresses service discovery looks up. Other clients get none.</summary>
internal static class LookedUpAddressHandlers
{
    public static void Add(HttpMessageHandlerBuilder builder, string sessionName, string clientName)
    {
        if (HasLookedUpAddress(builder.Services, sessionName, clientName))
        {
            builder.AdditionalHandlers.Insert(0, new StartAddressHandler());
            builder.AdditionalHandlers.Add(new FinalAddressHandler(new ClientSessionResolver(builder.Services, sessionName, clientName).GetServices));
        }
    }

    private static bool HasLookedUpAddress(IServiceProvider provider, string sessionName, string clientName)
    {
        try
        {
            var origins = provider.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get(sessionName).AllowedOrigins;
            return origins.Count > 0
                ? origins.Any(Origin.IsLookedUp)
                : ClientSessionResolver.ReadBaseAddress(provider, clientName) is { } address && Origin.IsLookedUp(address);
        }
        catch (Exception)
        {
            // Options that are wrong: the first request reports them.
            return false;
        }
    }
}
