using System;
using System.Net.Http;
using TokenRefresh.Diagnostics;
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

    /// <summary>Finds the session for a request. Its <c>Authorization</c> header, if we set it on an earlier attempt, is replaced or removed.</summary>
    /// <exception cref="TokenRefreshException">No origin is set, or the user that the request names can't be served.</exception>
    public ResolvedSession Resolve(HttpRequestMessage request)
    {
        if (RequestMarks.IsSkipped(request))
        {
            RemoveOurHeader(request, session: null);
            return default;
        }

        if (FindSession(request) is not { } session)
        {
            return WithoutToken(request, session: null, "UserKey returned null for it, so it has no user.");
        }

        if (!Origins.Contains(request.RequestUri))
        {
            return WithoutToken(request, session, RequestLog.IsEnabled(Services.Logger) ? $"allowed are {Origins}." : "");
        }

        // An Authorization header of the caller stays. One that we set on an earlier attempt is replaced.
        if (AuthorizationHeader.Read(request) is not { } present || present == session.Current.Header)
        {
            return new ResolvedSession(session);
        }

        var before = RequestMarks.AttachedTo(request);
        if (before?.Header == present)
        {
            return new ResolvedSession(session, before.Lineage);
        }

        if (AuthorizationHeader.IsPlaceholder(present, Services.Options.Scheme))
        {
            AuthorizationHeader.Remove(request);
            return new ResolvedSession(session);
        }

        RequestLog.NoTokenSent(Services.Logger, Services.Name, request, "the caller set the Authorization header. Remove it to have a token sent.");
        return default;
    }

    /// <summary>The session of the request's user; <see langword="null"/> if the request has none.</summary>
    protected abstract TokenSession? FindSession(HttpRequestMessage request);

    private ResolvedSession WithoutToken(HttpRequestMessage request, TokenSession? session, string reason)
    {
        RemoveOurHeader(request, session);
        RequestLog.NoTokenSent(Services.Logger, Services.Name, request, reason);
        return default;
    }

    // An outer handler may send this request again, to another origin or as another user. Our token must not go along.
    private static void RemoveOurHeader(HttpRequestMessage request, TokenSession? session)
    {
        if (AuthorizationHeader.Read(request) is { } present && (present == session?.Current.Header || present == RequestMarks.AttachedTo(request)?.Header))
        {
            AuthorizationHeader.Remove(request);
        }
    }
}
