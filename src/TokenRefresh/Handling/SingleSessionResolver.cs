using System.Net.Http;

namespace TokenRefresh.Handling;

/// <summary>One session for every request: the handler made by hand.</summary>
internal sealed class SingleSessionResolver(TokenSession session) : SessionResolver
{
    private OriginSet? _origins;

    public override OriginSet Origins => _origins ??= AllowedOrigins.Require(session.Services.Options, baseAddress: null, session.Name);

    public override TokenSession? Resolve(HttpRequestMessage request) => session;
}
