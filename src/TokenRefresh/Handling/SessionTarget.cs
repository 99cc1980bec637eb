using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using TokenRefresh.Refreshing;

namespace TokenRefresh.Handling;

/// <summary>
/// The sessions of one name, and the origins that get their tokens. If a name is removed and added again, there is a new object with both.
/// </summary>
internal sealed class SessionTarget(
    SessionServices services, Func<HttpRequestMessage, TokenSession?> findSession, Func<AllowedOrigins> readOrigins)
{
    private AllowedOrigins? _origins;

    public SessionServices Services => services;

    /// <summary>The origins that get the token.</summary>
    /// <exception cref="TokenRefreshException">No origin is set.</exception>
    public AllowedOrigins Origins => _origins ??= readOrigins();

    /// <summary>One session for every request: that of a handler that is created without dependency injection.</summary>
    public static SessionTarget For(TokenSession session) => new(
        session.Context.Services,
        request => FindSession(session, request),
        () => AllowedOrigins.ForSession(session.Context.Services.Options, session.Name));

    /// <summary>The sessions of a client: one for all requests, or one per user.</summary>
    public static SessionTarget For(UserSessions sessions, IServiceProvider provider, string clientName) => new(
        sessions.Services,
        request => FindSession(sessions, request, provider),
        () => AllowedOrigins.For(
            sessions.Services.Options,
            sessions.Services.Options.AllowedOrigins.Count > 0 ? null : ReadBaseAddress(provider, clientName),
            clientName));

    /// <summary>Reads the base address that the registration of this name sets. It configures a client that never sends anything.</summary>
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

    /// <summary>The session of the request's user; <see langword="null"/> if the request has none.</summary>
    public TokenSession? FindSession(HttpRequestMessage request) => findSession(request);

    private static TokenSession FindSession(TokenSession session, HttpRequestMessage request)
    {
        if (session.Context.Services.IsRemoved)
        {
            throw SessionResolver.Removed(session.Name);
        }

        return RequestState.UserOf(request) is { } user && user != session.UserKey
            ? throw new TokenRefreshException(
                TokenRefreshFailure.Configuration,
                "UseTokenUser named a user for a request, but its handler was created without dependency injection for session "
                + $"'{session.Name}', which isn't that user's. Create a handler for that user's session, or register the client with "
                + "AddTokenRefreshHandler.")
            : session;
    }

    private static TokenSession? FindSession(UserSessions sessions, HttpRequestMessage request, IServiceProvider provider) =>
        RequestState.UserOf(request) is { } user ? sessions.Find(user)
        : sessions.Services.Options.UserKey is not { } userKey ? sessions.WithoutUser
        : userKey(request, provider) is { Length: > 0 } key ? sessions.Find(key)
        : null;

    private sealed class NoHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new NotSupportedException("This client only shows its base address.");
    }
}
