using Microsoft.Extensions.Logging;
using System.Net.Http;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>Finds the session for a request.</summary>
internal abstract class SessionResolver
{
    /// <summary>The origins that get the token.</summary>
    /// <exception cref="TokenRefreshException">No origin is set.</exception>
    protected abstract AllowedOrigins Origins { get; }

    /// <summary>What the sessions of this name share.</summary>
    protected abstract SessionServices Services { get; }

    /// <summary>Finds the session for a request. If the request is sent without a token, a header that we set on an earlier attempt is removed.</summary>
    /// <exception cref="TokenRefreshException">No origin is set, or the user that the request names can't be served.</exception>
    public ResolvedSession Resolve(HttpRequestMessage request)
    {
        if (RequestState.IsWithoutToken(request))
        {
            return SendWithoutToken(request);
        }

        if (FindSession(request)?.Context is not { } session)
        {
            RequestLog.NoTokenSent(Services.Logger, Services.Name, request, "UserKey returned null for it, so it has no user.");
            return SendWithoutToken(request) with { WithoutToken = TokenRefreshOutcome.NoUser };
        }

        var origins = Origins;
        if (!(origins.AreLookedUp ? LookedUpAddress.IsAllowed(origins, request, Services.Options) : origins.Contains(request.RequestUri)))
        {
            RequestLog.NoTokenSent(Services.Logger, Services.Name, request, Services.Logger.IsEnabled(LogLevel.Debug) ? $"allowed are {Origins}." : "");
            return SendWithoutToken(request);
        }

        if (origins.AreLookedUp && !LookedUpAddress.MayGetToken(request, Services.Options))
        {
            RequestLog.NoTokenSent(Services.Logger, Services.Name, request, LookedUpAddress.ReasonFor(request.RequestUri!));
            return SendWithoutToken(request);
        }

        return AuthorizationHeader.Read(request) is { } present ? ResolveAuthorized(request, present, session) : new ResolvedSession(session);
    }

    /// <summary>The session of the request's user; <see langword="null"/> if the request has none.</summary>
    protected abstract TokenSession? FindSession(HttpRequestMessage request);

    // An Authorization header of the caller stays. One that we set on an earlier attempt is replaced: by the session's current token if that is
    // of the same login, or by that of another user if the request has become another user's.
    private ResolvedSession ResolveAuthorized(HttpRequestMessage request, string present, SessionContext session)
    {
        if (AuthorizationHeader.IsPlaceholder(present, Services.Options.Scheme))
        {
            AuthorizationHeader.Remove(request);
            return new ResolvedSession(session);
        }

        if (session.Current is SignedInSnapshot current && present == current.Header)
        {
            return new ResolvedSession(session, current.LoginId);
        }

        if (AuthorizationHeader.FindOwner(present, Services) is { } owner)
        {
            return new ResolvedSession(session, owner.IsOf(session) ? owner.LoginId : null);
        }

        RequestState.ClearOutcome(request);
        RequestLog.NoTokenSent(Services.Logger, Services.Name, request, "the caller set the Authorization header. Remove it to have a token sent.");
        return default;
    }

    // An outer handler may send this request again, to another origin or as another user. Our token must not go along.
    private ResolvedSession SendWithoutToken(HttpRequestMessage request)
    {
        if (AuthorizationHeader.Read(request) is { } present && AuthorizationHeader.FindOwner(present, Services) is not null)
        {
            AuthorizationHeader.Remove(request);
        }

        RequestState.ClearOutcome(request);
        return default;
    }
}
