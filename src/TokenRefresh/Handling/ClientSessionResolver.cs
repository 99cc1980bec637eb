using System.Net.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using TokenRefresh.Refreshing;

namespace TokenRefresh.Handling;

/// <summary>The sessions of a client: one for all requests, or one per user.</summary>
/// <param name="provider">The container, which <see cref="TokenRefreshOptions.UserKey"/> gets.</param>
/// <param name="sessionName">The session's name.</param>
/// <param name="clientName">The client's name in <c>IHttpClientFactory</c>.</param>
internal sealed class ClientSessionResolver(IServiceProvider provider, string sessionName, string clientName) : SessionResolver
{
    private readonly TokenSessions _sessions = provider.GetRequiredService<TokenSessions>();
    private Found? _found;

    protected override AllowedOrigins Origins => Current.Origins ??= AllowedOrigins.For(Services.Options, ReadBaseAddress(provider, clientName), clientName);

    protected override SessionServices Services => Current.Services;

    // A session may be removed and added again while its handlers live.
    private Found Current => _found is { Services.Work.IsStopping: false } found ? found : _found = Find();

    /// <summary>What the registration does to every client of this name, done to one that never sends anything.</summary>
    public static Uri? ReadBaseAddress(IServiceProvider provider, string clientName)
    {
        using var client = new HttpClient(new NoHandler());
        foreach (var action in provider.GetRequiredService<IOptionsMonitor<HttpClientFactoryOptions>>().Get(clientName).HttpClientActions)
        {
            action(client);
        }

        return client.BaseAddress;
    }

    /// <summary>What the sessions share: for the handlers around this one.</summary>
    public SessionServices GetServices() => Services;

    protected override TokenSession? FindSession(HttpRequestMessage request)
    {
        if (RequestState.UserOf(request) is { } user)
        {
            return _sessions[sessionName, user];
        }

        if (Services.Options.UserKey is not { } userKey)
        {
            return Current.Common ??= _sessions[sessionName];
        }

        return userKey(request, provider) is { Length: > 0 } key ? _sessions[sessionName, key] : null;
    }

    private Found Find()
    {
        try
        {
            return new Found(_sessions.ServicesOf(sessionName));
        }
        catch (ArgumentException e) when (_found is not null)
        {
            throw new TokenRefreshException(TokenRefreshFailure.Configuration, $"The session '{sessionName}' was removed.", innerException: e);
        }
    }

    private sealed class Found(SessionServices services)
    {
        public SessionServices Services { get; } = services;

        public AllowedOrigins? Origins { get; set; }

        public TokenSession? Common { get; set; }
    }

    private sealed class NoHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new NotSupportedException("This client only shows its base address.");
    }
}
