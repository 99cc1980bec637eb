using System.Net.Http;

namespace TokenRefresh.Handling;

/// <summary>One session for every request: the handler made by hand.</summary>
internal sealed class SingleSessionResolver(TokenSession session) : SessionResolver
{
    private OriginSet? _origins;

    public override OriginSet Origins => _origins ??= AllowedOrigins.Require(session.Services.Options, baseAddress: null, session.Name);

    public override TokenSession? Resolve(HttpRequestMessage request) =>
        RequestMarks.UserOf(request) is { } user && user != session.UserKey
            ? throw new TokenRefreshException(
                TokenRefreshFailure.Configuration,
                $"A request was given to a user by UseTokenUser, and to a handler made by hand for session '{session.Name}', which isn't that user's. "
                + "Make a handler for that user's session, or register the client with AddTokenRefreshHandler.")
            : session;
}
