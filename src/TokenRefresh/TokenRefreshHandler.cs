using System;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Diagnostics;
using TokenRefresh.Handling;
using TokenRefresh.SingleFlight;

namespace TokenRefresh;

/// <summary>
/// Sends requests with a session's access token. A request that meets a 401 is held, one refresh goes out for all of them, and each is
/// sent again, once, with the new token.
/// </summary>
public sealed class TokenRefreshHandler : DelegatingHandler
{
    private const string Authorization = "Authorization";

    private readonly SessionResolver _resolver;

    /// <summary>Creates a handler by hand. Its <see cref="DelegatingHandler.InnerHandler"/> must be set.</summary>
    /// <param name="session">The session. It outlives the handler.</param>
    /// <exception cref="ArgumentNullException"><paramref name="session"/> is <see langword="null"/>.</exception>
    public TokenRefreshHandler(TokenSession session)
    {
        Require.NotNull(session, nameof(session));
        _resolver = new SingleSessionResolver(session);
    }

    internal TokenRefreshHandler(SessionResolver resolver) => _resolver = resolver;

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Require.NotNull(request, nameof(request));
        TokenSession? guarding;
        string? login;
        try
        {
            guarding = Guarding(request, out login);
        }
        catch (Exception e)
        {
            return Task.FromException<HttpResponseMessage>(e);
        }

        if (guarding is not { } session)
        {
            return base.SendAsync(request, cancellationToken);
        }

        // The good token: one volatile read, no lock, no semaphore, no I/O, and no state machine where the answer is there already.
        var generation = session.Current;
        if (login is not null || session.Services.Options.MaxReplayBufferSize > 0 || RefreshDecisions.For(generation, session.Services.Time) != RefreshDecision.Send)
        {
            return SendSlowlyAsync(session, request, login, isAsync: true, cancellationToken);
        }

        var sent = new Sent(session, request, generation, request.RequestUri!, IsAsync: true, IsBuffered: false);
        Attach(request, generation);
        var sending = SendInnerAsync(request, isAsync: true, cancellationToken);
        return sending.Status == TaskStatus.RanToCompletion && IsPlain(session, sending.Result)
            ? sending
            : FinishAsync(sending, sent, cancellationToken);
    }

#if NET8_0_OR_GREATER
    /// <inheritdoc/>
    /// <remarks>Blocks the calling thread while a refresh is under way; the refresh itself runs on others.</remarks>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Require.NotNull(request, nameof(request));
        return Guarding(request, out var login) is { } session
            ? SendSlowlyAsync(session, request, login, isAsync: false, cancellationToken).GetAwaiter().GetResult()
            : base.Send(request, cancellationToken);
    }
#endif

    /// <summary>The session whose token this request gets; <see langword="null"/>: none of our business.</summary>
    /// <param name="request">The request.</param>
    /// <param name="login">The lineage it was sent under before, where an outer retry brings it back with a token that has been replaced since.</param>
    private TokenSession? Guarding(HttpRequestMessage request, out string? login)
    {
        login = null;
        if (RequestMarks.IsSkipped(request) || _resolver.Resolve(request) is not { } session)
        {
            TakeBack(request, session: null);
            return null;
        }

        if (!_resolver.Origins.Contains(request.RequestUri))
        {
            Log.ForeignOrigin(session.Services.Logger, session.Name);
            TakeBack(request, session);
            return null;
        }

        // What the caller set is the caller's business. What we set ourselves, an outer retry brings back.
        if (ReadHeader(request) is not { } present || present == session.Current.Header)
        {
            return session;
        }

        var before = RequestMarks.AttachedTo(request);
        login = before?.Lineage;
        return before?.Header == present ? session : null;
    }

    // A handler outside may send the same request again, at another address or as nobody: our token doesn't go along.
    private static void TakeBack(HttpRequestMessage request, TokenSession? session)
    {
        if (ReadHeader(request) is { } present && (present == session?.Current.Header || present == RequestMarks.AttachedTo(request)?.Header))
        {
            request.Headers.Remove(Authorization);
        }
    }

    // Nothing to look at, and nobody outside will send it again, as is done to wait for what was accepted or to get the next part.
    private static bool IsPlain(TokenSession session, HttpResponseMessage response) =>
        response.IsSuccessStatusCode
        && response.StatusCode is not (HttpStatusCode.Accepted or HttpStatusCode.PartialContent)
        && session.Services.Options.ShouldRefresh is null;

    /// <summary>For a request that may have to wait, or to be buffered, before it is sent.</summary>
    private async Task<HttpResponseMessage> SendSlowlyAsync(
        TokenSession session, HttpRequestMessage request, string? login, bool isAsync, CancellationToken cancellationToken)
    {
        login ??= session.Current is { State: TokenSessionState.SignedIn } current ? current.Lineage : null;

        // What takes time comes before the token: neither a sign-out nor a 401 of others may slip in between.
        var isBuffered = await RequestReplay.BufferAsync(request.Content, session.Services.Options.MaxReplayBufferSize, cancellationToken).ConfigureAwait(false);
        var generation = await session.AcquireAsync(cancellationToken).ConfigureAwait(false);
        if (login is not null && generation.Lineage != login)
        {
            // The login it was made under was ended meanwhile: it is sent neither as whoever has signed in since, nor as nobody.
            return AnswerLocally(session, request);
        }

        if (generation.State != TokenSessionState.SignedIn)
        {
            request.Headers.Remove(Authorization);
            return generation.State == TokenSessionState.ReLoginRequired
                ? AnswerLocally(session, request)
                : await SendInnerAsync(request, isAsync, cancellationToken).ConfigureAwait(false);
        }

        var sent = new Sent(session, request, generation, request.RequestUri!, isAsync, isBuffered);
        Attach(request, generation);
        return await FinishAsync(SendInnerAsync(request, isAsync, cancellationToken), sent, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Waits for the answer. A 401 for our token is held until there is a new one, and the request is sent again, once: the second answer
    /// is the caller's, whatever it is.
    /// </summary>
    /// <remarks>One method for the whole way: where thousands are held at once, a second one would be most of what a held request takes.</remarks>
    private async Task<HttpResponseMessage> FinishAsync(Task<HttpResponseMessage> sending, Sent sent, CancellationToken cancellationToken)
    {
        var isPlain = false;
        try
        {
            var response = await sending.ConfigureAwait(false);
            isPlain = IsPlain(sent.Session, response);
            if (isPlain || !await IsToBeSentAgainAsync(sent, response, cancellationToken).ConfigureAwait(false))
            {
                return response;
            }

            var held = HeldResponse.Untouched(response);
            var repaired = sent.Generation;
            try
            {
                for (var round = 1; sent.Session.TryHoldRefused(sent.Generation, round, out repaired, out var outcome); round++)
                {
                    held = held.Hold();
                    if (await sent.Session.Services.Telemetry.HoldAsync(outcome, cancellationToken).ConfigureAwait(false) is { } failure)
                    {
                        repaired = sent.Session.GoOnDespite(failure);
                        break;
                    }
                }
            }
            catch
            {
                held.Discard();
                throw;
            }

            if (!repaired.Succeeds(sent.Generation))
            {
                if (sent.Session.Services.Options.ReLoginResult == ReLoginResult.Return401 || sent.Session.IsIn(sent.Generation.Lineage))
                {
                    return await held.GiveBackAsync(cancellationToken).ConfigureAwait(false);
                }

                held.Discard();
                throw sent.Session.ReLogin();
            }

            held.Discard();
            Attach(sent.Request, repaired);
            sent = sent with { Generation = repaired };
            sent.Session.Services.Telemetry.Replayed();
            var answer = await SendInnerAsync(sent.Request, sent.IsAsync, cancellationToken).ConfigureAwait(false);
            isPlain = IsPlain(sent.Session, answer);
            return answer;
        }
        finally
        {
            if (!isPlain)
            {
                // Whoever sends it again from outside brings this header back.
                RequestMarks.SetAttached(sent.Request, sent.Generation);
            }
        }
    }

    /// <summary>Whether the response rejects our token and the request can be resent.</summary>
    private static ValueTask<bool> IsToBeSentAgainAsync(Sent sent, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var options = sent.Session.Services.Options;
        if (options.ShouldRefresh is null && options.Protocol == TokenEndpointProtocol.SimpleJwt && SimpleJwtForbidden.IsPossible(response) && IsOurs(sent, response))
        {
            return new ValueTask<bool>(IsForbiddenToBeSentAgainAsync(sent, response, cancellationToken));
        }

        bool isRefused;
        try
        {
            isRefused = (options.ShouldRefresh?.Invoke(response) ?? Challenge.IsForNewToken(response, options)) && IsOurs(sent, response);
        }
        catch
        {
            // The app's own verdict threw: nobody else will ever see this response.
            response.Dispose();
            throw;
        }

        return new ValueTask<bool>(isRefused && CanReplay(sent));
    }

    private static async Task<bool> IsForbiddenToBeSentAgainAsync(Sent sent, HttpResponseMessage response, CancellationToken cancellationToken) =>
        await SimpleJwtForbidden.RejectsTokenAsync(response, sent.Session.Services.Time, cancellationToken).ConfigureAwait(false) && CanReplay(sent);

    private static bool CanReplay(Sent sent)
    {
        if (sent.IsBuffered || RequestReplay.CanReplay(sent.Request.Content))
        {
            return true;
        }

        // The next request is to find a new token; this one can't be sent again.
        Log.NotReplayable(sent.Session.Services.Logger, sent.Session.Name);
        sent.Session.StartRepair(sent.Generation);
        return false;
    }

    // Redirects are followed below this handler, and change the caller's request: a 401 counts only if what was refused in the end is
    // what we sent, at the origin we sent it to. Else the fresh token would go to a redirect's target.
    private static bool IsOurs(Sent sent, HttpResponseMessage response) =>
        sent.IsStill(sent.Request) && (response.RequestMessage is not { } final || ReferenceEquals(final, sent.Request) || sent.IsStill(final));

    private static HttpResponseMessage AnswerLocally(TokenSession session, HttpRequestMessage request)
    {
        if (session.Services.Options.ReLoginResult == ReLoginResult.Throw)
        {
            throw session.ReLogin();
        }

        var response = new HttpResponseMessage(HttpStatusCode.Unauthorized) { RequestMessage = request, Content = new ByteArrayContent([]) };
        response.Headers.TryAddWithoutValidation("WWW-Authenticate", session.Services.Options.Scheme + " error=\"invalid_token\"");
        return response;
    }

    // The string is added as it is: it was validated when its token set was made, and a header object would cost more than the token.
    private static void Attach(HttpRequestMessage request, Generation generation)
    {
        request.Headers.Remove(Authorization);
        request.Headers.TryAddWithoutValidation(Authorization, generation.Header);
    }

    private static string? ReadHeader(HttpRequestMessage request)
    {
#if NET8_0_OR_GREATER
        return request.Headers.NonValidated.TryGetValues(Authorization, out var values) ? values.ToString() : null;
#else
        return request.Headers.TryGetValues(Authorization, out var values) ? string.Join(", ", values) : null;
#endif
    }

    // Whatever an inner handler throws at once comes out where every other failure does.
    private Task<HttpResponseMessage> SendInnerAsync(HttpRequestMessage request, bool isAsync, CancellationToken cancellationToken)
    {
        try
        {
#if NET8_0_OR_GREATER
            if (!isAsync)
            {
                return Task.FromResult(base.Send(request, cancellationToken));
            }
#endif
            return base.SendAsync(request, cancellationToken);
        }
        catch (Exception e)
        {
            return Task.FromException<HttpResponseMessage>(e);
        }
    }

    /// <summary>What was sent, and as whom.</summary>
    private readonly record struct Sent(
        TokenSession Session, HttpRequestMessage Request, Generation Generation, Uri Origin, bool IsAsync, bool IsBuffered)
    {
        public bool IsStill(HttpRequestMessage request) =>
            OriginSet.IsSame(request.RequestUri, Origin) && ReadHeader(request) == Generation.Header;
    }
}
