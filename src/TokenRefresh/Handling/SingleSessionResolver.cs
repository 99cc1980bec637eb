using System.Net.Http;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>One session for every request: the handler that is created by hand.</summary>
internal sealed class SingleSessionResolver(TokenSession session) : SessionResolver
{
    private AllowedOrigins? _origins;

    protected override AllowedOrigins Origins => _origins ??= AllowedOrigins.For(session.Context.Services.Options, baseAddress: null, session.Name);

    protected override SessionServices Services => session.Context.Services;

    protected override TokenSession? FindSession(HttpRequestMessage request) =>
        RequestState.UserOf(request) is { } user && user != session.UserKey
            ? throw new TokenRefreshException(
                TokenRefreshFailure.Configuration,
                $"UseTokenUser named a user for a request, but its handler was created by hand for session '{session.Name}', which isn't that user's. "
                + "Create a handler for that user's session, or register the client with AddTokenRefreshHandler.")
            : session;
}
