using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using TokenRefresh.Handling;

namespace TokenRefresh.DependencyInjection;

/// <summary>Adds handlers to clients whose addresses service discovery looks up. Other clients get none.</summary>
internal static class LookedUpAddressHandlers
{
    /// <summary>Whether a handler is one of Microsoft.Extensions.ServiceDiscovery.</summary>
    /// <remarks>The name of its type is compared, because the type isn't public and this library doesn't reference its package.</remarks>
    public static bool IsServiceDiscovery(DelegatingHandler handler) =>
        handler.GetType().FullName?.StartsWith("Microsoft.Extensions.ServiceDiscovery.", StringComparison.Ordinal) is true;

    /// <summary>
    /// Adds the handlers to a client that has the <see cref="TokenRefreshHandler"/>. Call it after everything else that configures the
    /// client.
    /// </summary>
    public static void Add(HttpMessageHandlerBuilder builder, string sessionName, string clientName)
    {
        var handlers = builder.AdditionalHandlers;
        if (handlers.OfType<TokenRefreshHandler>().FirstOrDefault() is not { } ours
            || !MayBeLookedUp(builder.Services, sessionName, clientName))
        {
            return;
        }

        var chain = new LookupChain();
        ours.Resolver.Chain = chain;
        handlers.Add(new FinalAddressHandler(chain, new ClientSessionResolver(builder.Services, sessionName, clientName).GetServices));

        // Where service discovery is outside, the handler sees what it found. Inside, it sees the name.
        var outside = handlers.Take(handlers.IndexOf(ours)).Where(IsServiceDiscovery).ToList();
        if (outside.Count > 0)
        {
            handlers.Insert(handlers.IndexOf(outside[^1]) + 1, new NotingHandler(chain.NoteFound));
            handlers.Insert(handlers.IndexOf(outside[0]), new NotingHandler(chain.NoteNamed));
        }
    }

    private static bool MayBeLookedUp(IServiceProvider provider, string sessionName, string clientName)
    {
        try
        {
            // The options that the session uses, if it exists: those of the monitor may have changed since. A client is created without
            // its session, which may have to connect to a store.
            var options = provider.GetRequiredService<TokenSessions>().FindOptions(sessionName)
                ?? provider.GetRequiredService<IOptionsMonitor<TokenRefreshOptions>>().Get(sessionName);
            var origins = options.AllowedOrigins;
            return origins.Count > 0
                ? origins.Any(Origin.IsLookedUp)
                : ClientSessionResolver.ReadBaseAddress(provider, clientName) is { } address && Origin.IsLookedUp(address);
        }
        catch (Exception)
        {
            // The options are wrong now. The first request reports that. The handlers may still be in use when they are right.
            return true;
        }
    }
}
