using Microsoft.Extensions.Http;
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
        handlers.Add(new FinalAddressHandler(chain, ours.Resolver.GetServices));

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
        if (SessionOptions.Find(provider, sessionName) is not { } options)
        {
            // The handlers may still be in use when the options are right.
            return true;
        }

        if (options.AllowedOrigins.Count > 0)
        {
            return options.AllowedOrigins.Any(Origin.IsLookedUp);
        }

        try
        {
            return SessionTarget.ReadBaseAddress(provider, clientName) is { } address && Origin.IsLookedUp(address);
        }
        catch (Exception)
        {
            // The app's code that configures the client threw. The first request reports that.
            return true;
        }
    }
}
