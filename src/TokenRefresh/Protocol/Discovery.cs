using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using static TokenRefresh.TimeSpans;

namespace TokenRefresh.Protocol;

/// <summary>
/// Fetches the server's discovery document when it is first needed, once for all flights, and keeps it. After a failed fetch a known
/// document stays in use.
/// </summary>
internal sealed class Discovery(
    TokenRefreshOptions options, Func<HttpClient> backchannel, TimeProvider time, ILogger logger, string session)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>The shortest time between two attempts to replace a known document.</summary>
    private static readonly TimeSpan RenewalPause = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The pause after a failed fetch, while no document is known. It doubles with each failure. The first two pauses are shorter than
    /// those between the attempts of one flight, so each attempt fetches. After that the flights of all users share the results of few
    /// fetches.
    /// </summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(400);

    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(1);

    private static readonly TimeSpan FetchTimeout = TimeSpan.FromSeconds(10);

    private readonly Uri[] _addresses = DiscoveryDocument.AddressesFor(options);
    private readonly object _lock = new();

    // The document that is in use; or the last failure, while no document is known.
    private DiscoveryResult _known;
    private long _fetchedAt;
    private bool _isSuspect;
    private TaskCompletionSource<DiscoveryResult>? _fetch;

    // No fetch starts before the pause is over.
    private long _pausedAt;
    private TimeSpan _pause;
    private TimeSpan _pauseAfterFailure = FirstPause;

    /// <summary>The option that the document's address comes from, for messages.</summary>
    public string Option { get; } = options.MetadataAddress is null ? nameof(options.Issuer) : nameof(options.MetadataAddress);

    private bool IsPaused => time.GetElapsedTime(_pausedAt) < _pause;

    /// <summary>Returns the document. It waits for a fetch only if no document is known, or the known one seems to be wrong.</summary>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled. The fetch continues for other callers.</exception>
    public async Task<DiscoveryResult> GetAsync(CancellationToken cancellationToken)
    {
        DiscoveryResult known;
        TaskCompletionSource<DiscoveryResult>? awaited;
        TaskCompletionSource<DiscoveryResult>? started = null;
        lock (_lock)
        {
            known = _known;
            var isRequired = known.Document is null || _isSuspect;
            if (_fetch is null && !IsPaused && (isRequired || time.GetElapsedTime(_fetchedAt) >= Lifetime))
            {
                _fetch = started = new TaskCompletionSource<DiscoveryResult>(TaskCreationOptions.RunContinuationsAsynchronously);
                PauseFor(known.Document is null ? TimeSpan.Zero : RenewalPause);
            }

            awaited = isRequired ? _fetch : null;
        }

        if (started is not null)
        {
            _ = CompleteAsync(started);
        }

        return awaited is null ? known : await awaited.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Notes that the discovered token endpoint doesn't exist. The next caller fetches the document again, at most once in five minutes.
    /// </summary>
    public void ReportMissing(DiscoveryDocument document)
    {
        lock (_lock)
        {
            _isSuspect |= ReferenceEquals(document, _known.Document) && !IsPaused;
        }
    }

    private void PauseFor(TimeSpan pause) => (_pausedAt, _pause) = (time.GetTimestamp(), pause);

    private async Task CompleteAsync(TaskCompletionSource<DiscoveryResult> fetch)
    {
        var result = await TryFetchAsync().ConfigureAwait(false);
        DiscoveryResult known;
        lock (_lock)
        {
            _fetch = null;
            _isSuspect = false;
            if (result.Document is not null)
            {
                _known = result;
                _fetchedAt = time.GetTimestamp();
            }
            else if (_known.Document is null)
            {
                _known = result;
                PauseFor(Max(_pauseAfterFailure, Min(result.Failure!.RetryAfter ?? TimeSpan.Zero, MaxRetryAfter)));
                _pauseAfterFailure = Min(_pauseAfterFailure + _pauseAfterFailure, MaxPause);
            }

            known = _known;
        }

        if (result.Document is { } document)
        {
            SessionLog.Discovered(logger, session, "the token endpoint " + Origin.WithPath(document.TokenEndpoint));
        }
        else if (known.Document is not null)
        {
            SessionLog.DiscoveryRenewalFailed(logger, session, result.Failure!.Description!);
        }

        fetch.TrySetResult(known);
    }

    private async Task<DiscoveryResult> TryFetchAsync()
    {
        using var limit = time.CreateTimeout(FetchTimeout);
        var app = new AppCancellation(onThrown: null);
        using var following = app.FollowFrom(limit.Token);
        var refusals = new List<TokenEndpointResult>();
        foreach (var address in _addresses)
        {
            DiscoveryResult result;
            try
            {
                result = await RunAsync(() => FetchAsync(address, app.Token)).WaitOrLeaveAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (limit.Token.IsCancellationRequested)
            {
                app.Cancel();
                return TokenEndpointResult.Transient($"{NameOf(address)} gave no response within {FetchTimeout.TotalSeconds} s.");
            }
            catch (Exception e)
            {
                return EndpointExceptionClassifier.ClassifyUnsent(e, NameOf(address));
            }

            if (result.Failure is not { SuspectOption: not null } refusal)
            {
                return result;
            }

            refusals.Add(refusal);
        }

        return NotFound(refusals);
    }

    private TokenEndpointResult NotFound(List<TokenEndpointResult> refusals)
    {
        var advice = options.MetadataAddress is null
            ? "Check Issuer, or set MetadataAddress to the document's URL."
            : "Check MetadataAddress.";
        return TokenEndpointResult.Transient(
            $"{string.Join("; ", refusals.Select(refusal => refusal.Description))}. {advice}",
            retryAfter: refusals[refusals.Count - 1].RetryAfter).AsSuspectSetup(Option);
    }

    private async Task<DiscoveryResult> FetchAsync(Uri address, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, address);
        message.Headers.Accept.ParseAdd("application/json");
        using var response = await backchannel().SendBackchannelAsync(message, cancellationToken).ConfigureAwait(false);
        using var answer = await TokenResponse.ReadAsync(response, NameOf(address), time, cancellationToken).ConfigureAwait(false);
        return answer.Status switch
        {
            200 when answer.Fields is { } fields && fields.Has("issuer") =>
                DiscoveryDocument.Read(fields, address, FinalEndpointHandler.FoundOf(message), options),
            _ when answer.IsRedirect =>
                Refusal(answer, $"{NameOf(address)} redirects ({answer.Status}), and a redirect is never followed"),

            // Gateways answer an unknown path with any of the 4xx.
            200 or (>= 400 and < 500 and not (408 or 429)) =>
                Refusal(answer, $"{NameOf(address)} answered {answer.Status} without a document"),
            _ => TokenEndpointResult.Transient($"{NameOf(address)} answered {answer.Status}.", retryAfter: answer.RetryAfter),
        };
    }

    private TokenEndpointResult Refusal(TokenResponse answer, string description) =>
        TokenEndpointResult.Transient(description, retryAfter: answer.RetryAfter).AsSuspectSetup(Option);

    // A handler of the app may block before its first await. It gets a thread of its own, because the flight's callers may use all threads
    // of the pool.
    private static Task<DiscoveryResult> RunAsync(Func<Task<DiscoveryResult>> fetch) =>
        Task.Factory.StartNew(fetch, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();

    private static string NameOf(Uri address) => "the discovery document " + Origin.WithPath(address);
}
