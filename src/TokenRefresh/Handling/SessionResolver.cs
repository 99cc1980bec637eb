using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>Finds the session for a request.</summary>
/// <param name="findTarget">
/// Finds the sessions that requests may belong to. It is called again when they have ended: a session may be removed and added again while
/// its handlers live.
/// </param>
internal sealed class SessionResolver(Func<SessionTarget> findTarget)
{
    private SessionTarget? _target;

    /// <summary>Finds the session of a handler that is created without dependency injection.</summary>
    public static SessionResolver For(TokenSession session)
    {
        var target = SessionTarget.For(session);
        return new SessionResolver(() => target);
    }

    /// <summary>Finds the sessions of a client.</summary>
    public static SessionResolver For(IServiceProvider provider, string sessionName, string clientName)
    {
        var sessions = provider.GetRequiredService<TokenSessions>();
        return new SessionResolver(() => SessionTarget.For(sessions.Named(sessionName), provider, clientName));
    }

    /// <summary>The handlers around the client, if service discovery looks up its addresses; otherwise <see langword="null"/>.</summary>
    public LookupChain? Chain { get; set; }

    /// <summary>
    /// Finds the session for a request. If the request is sent without a token, a header that we set on an earlier attempt is removed.
    /// </summary>
    /// <exception cref="TokenRefreshException">No origin is set, or the user that the request names can't be served.</exception>
    public ResolvedSession Resolve(HttpRequestMessage request)
    {
        var target = FindTarget();
        var services = target.Services;
        if (RequestState.IsWithoutToken(request))
        {
            return SendWithoutToken(request, services);
        }

        if (target.FindSession(request)?.Context is not { } session)
        {
            RequestLog.NoTokenSent(services, request, "UserKey returned null for it, so it has no user.");
            return SendWithoutToken(request, services) with { WithoutToken = TokenRefreshOutcome.NoUser };
        }

        var origins = target.Origins;
        var name = Chain is null ? request.RequestUri : Chain.NameOf(request);
        if (!origins.Contains(name))
        {
            var reason = services.Logger.IsEnabled(LogLevel.Debug)
                ? $"its origin isn't allowed. Add it to AllowedOrigins, which has {origins}."
                : "";
            RequestLog.NoTokenSent(services, request, reason);
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

    /// <summary>What the sessions share.</summary>
    /// <exception cref="ArgumentException">No session of this name exists.</exception>
    /// <exception cref="TokenRefreshException">The session was removed.</exception>
    public SessionServices GetServices() => FindTarget().Services;

    public static TokenRefreshException Removed(string sessionName, Exception? innerException = null) => new(
        TokenRefreshFailure.Configuration, $"The session '{sessionName}' was removed.", innerException: innerException);

    private SessionTarget FindTarget()
    {
        try
        {
            return _target is { Services.Work.IsStopping: false } target ? target : _target = findTarget();
        }
        catch (ArgumentException e) when (_target is { } removed)
        {
            throw Removed(removed.Services.Name, e);
        }
    }

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
        RequestLog.NoTokenSent(services, request, "the caller set the Authorization header. Remove it to have a token sent.");
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
