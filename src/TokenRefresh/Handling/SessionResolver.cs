using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>Finds the session for a request.</summary>
internal abstract class SessionResolver
{
    /// <summary>The sessions that requests may belong to.</summary>
    /// <exception cref="TokenRefreshException">The sessions were removed.</exception>
    protected abstract SessionTarget Target { get; }

    /// <summary>The handlers around the client, if service discovery looks up its addresses; otherwise <see langword="null"/>.</summary>
    public LookupChain? Chain { get; set; }

    /// <summary>
    /// Finds the session for a request. If the request is sent without a token, a header that we set on an earlier attempt is removed.
    /// </summary>
    /// <exception cref="TokenRefreshException">No origin is set, or the user that the request names can't be served.</exception>
    public ResolvedSession Resolve(HttpRequestMessage request)
    {
        var target = Target;
        var services = target.Services;
        if (RequestState.IsWithoutToken(request))
        {
            return SendWithoutToken(request, services);
        }

        if (target.FindSession(request)?.Context is not { } session)
        {
            RequestLog.NoTokenSent(services.Logger, services.Name, request, "UserKey returned null for it, so it has no user.");
            return SendWithoutToken(request, services) with { WithoutToken = TokenRefreshOutcome.NoUser };
        }

        var origins = target.Origins;
        var name = Chain is null ? request.RequestUri : Chain.NameOf(request);
        if (!origins.Contains(name))
        {
            var reason = services.Logger.IsEnabled(LogLevel.Debug)
                ? $"its origin isn't allowed. Add it to AllowedOrigins, which has {origins}."
                : "";
            RequestLog.NoTokenSent(services.Logger, services.Name, request, reason);
            return SendWithoutToken(request, services);
        }

        if (origins.AreLookedUp && !MayTravel(request, name!, services.Options))
        {
            HandlerMemory.Of(services).LogInsecureAddress(services, request);
            return SendWithoutToken(request, services) with { WithoutToken = TokenRefreshOutcome.InsecureAddress };
        }

        var resolved = AuthorizationHeader.Read(request) is { } present
            ? ResolveAuthorized(request, present, session)
            : new ResolvedSession(session);
        Chain?.NoteToken(request, resolved.Session is null ? null : name);
        return resolved;
    }

    protected static TokenRefreshException Removed(string sessionName, Exception? innerException = null) => new(
        TokenRefreshFailure.Configuration, $"The session '{sessionName}' was removed.", innerException: innerException);

    // An address that is still to be looked up is checked by FinalAddressHandler.
    private bool MayTravel(HttpRequestMessage request, Uri name, TokenRefreshOptions options)
    {
        if (Origin.MayGetTokens(request.RequestUri!, options) || (Chain is not null && Origin.IsNamedInsecureService(name, options)))
        {
            return true;
        }

        return Chain is not null
            ? Origin.IsSame(request.RequestUri, name)
            : throw new TokenRefreshException(
                TokenRefreshFailure.Configuration,
                $"{Origin.TextOf(name)} is looked up by service discovery. That needs a client of IHttpClientFactory: register it with "
                + "AddHttpClient and AddTokenRefreshHandler.");
    }

    // An Authorization header of the caller stays. One that we set on an earlier attempt is replaced by the session's current token, if
    // that belongs to the same login. If the request now belongs to another user, it gets that user's token.
    private static ResolvedSession ResolveAuthorized(HttpRequestMessage request, string present, SessionContext session)
    {
        var services = session.Services;
        if (session.Current is SignedInSnapshot current && present == current.Header)
        {
            return new ResolvedSession(session, current.LoginId);
        }

        var isPlaceholder = AuthorizationHeader.IsPlaceholder(present, services.Options.Scheme);
        var owner = isPlaceholder ? null : AuthorizationHeader.FindOwner(present, services);
        if (owner?.IsOf(session) is true)
        {
            return new ResolvedSession(session, owner.LoginId);
        }

        if (isPlaceholder || owner is not null)
        {
            AuthorizationHeader.Remove(request);
            return new ResolvedSession(session);
        }

        RequestState.ClearOutcome(request);
        RequestLog.NoTokenSent(
            services.Logger, services.Name, request, "the caller set the Authorization header. Remove it to have a token sent.");
        return default;
    }

    // An outer handler may send this request again, to another origin or as another user. Our token must not go along.
    private ResolvedSession SendWithoutToken(HttpRequestMessage request, SessionServices services)
    {
        Chain?.NoteToken(request, name: null);
        if (AuthorizationHeader.Read(request) is { } present && AuthorizationHeader.FindOwner(present, services) is not null)
        {
            AuthorizationHeader.Remove(request);
        }

        RequestState.ClearOutcome(request);
        return default;
    }
}

/// <summary>The session that a request is sent with.</summary>
/// <param name="Session">The session; <see langword="null"/> if the request is sent without a token.</param>
/// <param name="LoginId">
/// The login that the request was authorized with before, if an outer handler sends it again. Otherwise <see langword="null"/>: the request
/// has no <c>Authorization</c> header then.
/// </param>
/// <param name="WithoutToken">Why a rejection of a request without a token reaches the caller.</param>
internal readonly record struct ResolvedSession(
    SessionContext? Session, LoginId? LoginId = null, TokenRefreshOutcome WithoutToken = TokenRefreshOutcome.None);

/// <summary>
/// The sessions of one name, and the origins that get their tokens. If a name is removed and added again, there is a new object with both.
/// </summary>
internal abstract class SessionTarget(SessionServices services)
{
    private AllowedOrigins? _origins;

    public SessionServices Services => services;

    /// <summary>The origins that get the token.</summary>
    /// <exception cref="TokenRefreshException">No origin is set.</exception>
    public AllowedOrigins Origins => _origins ??= ReadOrigins();

    /// <summary>The session of the request's user; <see langword="null"/> if the request has none.</summary>
    public abstract TokenSession? FindSession(HttpRequestMessage request);

    protected abstract AllowedOrigins ReadOrigins();
}
