using System;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using TokenRefresh.Handling;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.DependencyInjection;

/// <summary>The sessions of a named client: one for all requests, or one per user.</summary>
internal sealed class ClientSessionResolver(IServiceProvider provider, string sessionName, string clientName) : SessionResolver
{
    private readonly TokenSessions _sessions = provider.GetRequiredService<TokenSessions>();
    private TokenSession? _common;
    private SessionServices? _services;
    private AllowedOrigins? _origins;

    protected override AllowedOrigins Origins => _origins ??= AllowedOrigins.For(Services.Options, ReadBaseAddress(), clientName);

    protected override SessionServices Services => _services ??= _sessions.ServicesOf(sessionName);

    protected override TokenSession? FindSession(HttpRequestMessage request)
    {
        if (RequestState.UserOf(request) is { } user)
        {
            return _sessions[sessionName, user];
        }

        if (Services.Options.UserKey is not { } userKey)
        {
            return _common ??= _sessions[sessionName];
        }

        return userKey(request, provider) is { Length: > 0 } key ? _sessions[sessionName, key] : null;
    }

    // What the registration does to every client of this name, done to one that never sends anything.
    private Uri? ReadBaseAddress()
    {
        using var client = new HttpClient(new NoHandler());
        foreach (var action in provider.GetRequiredService<IOptionsMonitor<HttpClientFactoryOptions>>().Get(clientName).HttpClientActions)
        {
            action(client);
        }

        return client.BaseAddress;
    }

    private sealed class NoHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new NotSupportedException("This client only shows its base address.");
    }
}
