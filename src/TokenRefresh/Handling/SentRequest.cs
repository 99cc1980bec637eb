using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>A request that was sent, with the state of its sending.</summary>
/// <param name="Session">The session whose token it carries.</param>
/// <param name="Request">The caller's request. Handlers and redirects below may change it.</param>
/// <param name="Snapshot">The session's state at the time of sending.</param>
/// <param name="Address">The address it was sent to.</param>
/// <param name="Content">The content it was sent with: the caller's, or its <see cref="ReplayableUpload"/>.</param>
/// <param name="IsAsync">Whether the caller called <c>SendAsync</c>, not <c>Send</c>.</param>
/// <param name="IsBuffered">Whether the content was buffered. Buffered content of any kind can be sent again.</param>
/// <param name="Sends">How often it was sent, this time included.</param>
internal readonly record struct SentRequest(
    SessionContext Session,
    HttpRequestMessage Request,
    SignedInSnapshot Snapshot,
    Uri Address,
    HttpContent? Content,
    bool IsAsync,
    bool IsBuffered,
    byte Sends = 1)
{
    private const int MaxSends = 3;

    /// <summary>
    /// Whether another token may help. After a second rejection it may, if the second token was replaced or has expired since it was sent.
    /// </summary>
    public bool IsWorthAnotherToken =>
        Sends == 1
        || (Sends < MaxSends
            && (IsReplaced(Session.Current) || Snapshot.AccessToken.MayHaveExpired(Session.Services.Time)));

    /// <summary>Gives a request the token of this snapshot, and replaces its content if that is needed.</summary>
    public static SentRequest Prepare(
        SessionContext session, HttpRequestMessage request, SignedInSnapshot snapshot, bool isAsync, bool isBuffered)
    {
        if (!isBuffered && ReplayableUpload.IsNeededFor(request))
        {
            request.Content = new ReplayableUpload(request.Content!);
        }

        AuthorizationHeader.Attach(request, session, snapshot);
        return new SentRequest(session, request, snapshot, request.RequestUri!, request.Content, isAsync, isBuffered);
    }

    /// <summary>Gives the same request the token that it waited for.</summary>
    public SentRequest Authorize(RefreshWait wait)
    {
        var replacement = (SignedInSnapshot)wait.Current;
        if (Content is null || Request.Content is not null)
        {
            // An inner handler may have changed the address. In the second send it changes the restored address again. If the request has
            // lost its content, .NET followed a redirect, and the address stays.
            Request.RequestUri = Address;
        }

        AuthorizationHeader.Attach(Request, Session, replacement);
        if (wait.WasAlreadyReplaced)
        {
            Session.Services.Telemetry.Stale401();
        }

        Session.Services.Telemetry.Resent();
        return this with { Snapshot = replacement, Content = Request.Content ?? Content, Sends = (byte)(Sends + 1) };
    }

    /// <summary>Whether this request still goes to the same origin with the same token.</summary>
    public bool Matches(HttpRequestMessage request) =>
        Origin.IsSame(request.RequestUri, Address) && AuthorizationHeader.Read(request) == Snapshot.Header;

    // The same token under another version doesn't count as a new one.
    private bool IsReplaced(SessionSnapshot current) =>
        current is SignedInSnapshot signedIn && signedIn.Replaces(Snapshot) && signedIn.Header != Snapshot.Header;

    /// <summary>Notes and logs why the caller gets this response.</summary>
    public void ReturnsToCaller(HttpResponseMessage response, TokenRefreshOutcome outcome, string reason)
    {
        RequestState.SetOutcome(Request, response, outcome);
        RequestLog.RejectionReturned(Session.Services, Request, Address, reason);
    }
}
