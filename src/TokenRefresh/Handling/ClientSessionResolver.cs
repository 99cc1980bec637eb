using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using TokenRefresh.Refreshing;

namespace TokenRefresh.Handling;

/// <summary>The sessions of a client: one for all requests, or one per user.</summary>
internal sealed class ClientSessionResolver(IServiceProvider provider, string sessionName, string clientName) : SessionResolver
{
    private readonly TokenSessions _sessions = provider.GetRequiredService<TokenSessions>();
    private ClientTarget? _target;

    // A session may be removed and added again while its handlers live.
    protected override SessionTarget Target => _target is { Services.Work.IsStopping: false } target ? target : _target = FindTarget();

    /// <summary>What the sessions share.</summary>
    /// <exception cref="ArgumentException">No session of this name exists.</exception>
    /// <exception cref="TokenRefreshException">The session was removed.</exception>
    public SessionServices GetServices() => Target.Services;

    /// <summary>
    /// Reads the base address that the registration of this name sets. It configures a client that never sends anything.
    /// </summary>
    public static Uri? ReadBaseAddress(IServiceProvider provider, string clientName)
    {
        // The options monitor would keep an entry for every name.
        using var client = new HttpClient(new NoHandler());
        var options = provider.GetRequiredService<IOptionsFactory<HttpClientFactoryOptions>>().Create(clientName);
        foreach (var action in options.HttpClientActions)
        {
            action(client);
        }

        return client.BaseAddress;
    }

    private ClientTarget FindTarget()
    {
        try
        {
            return new ClientTarget(_sessions.Named(sessionName), provider, clientName);
        }
        catch (ArgumentException e) when (_target is not null)
        {
            throw Removed(sessionName, e);
        }
    }

    private sealed class ClientTarget(UserSessions sessions, IServiceProvider provider, string clientName)
        : SessionTarget(sessions.Services)
    {
        public override TokenSession? FindSession(HttpRequestMessage request)
        {
            if (RequestState.UserOf(request) is { } user)
            {
                return sessions.Find(user);
            }

            return Services.Options.UserKey is not { } userKey ? sessions.WithoutUser
                : userKey(request, provider) is { Length: > 0 } key ? sessions.Find(key)
                : null;
        }

        protected override AllowedOrigins ReadOrigins() => AllowedOrigins.For(
            Services.Options, Services.Options.AllowedOrigins.Count > 0 ? null : ReadBaseAddress(provider, clientName), clientName);
    }

    private sealed class NoHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new NotSupportedException("This client only shows its base address.");
    }
}
