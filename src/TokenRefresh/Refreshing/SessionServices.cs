using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Polly;
using TokenRefresh.Diagnostics;
using TokenRefresh.Protocol;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>
/// The objects that all sessions of one name share: options, clock, store, endpoint, log and others. A session itself has only its state.
/// </summary>
internal sealed class SessionServices : IAsyncDisposable
{
    public required string Name { get; init; }

    public required TokenRefreshOptions Options { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Where the tokens are kept; <see langword="null"/> if the sessions keep them.</summary>
    public ITokenStore? Store { get; init; }

    public ITokenProtector? Protector { get; init; }

    /// <summary>Watches the records that a session waits for.</summary>
    public required RecordWatch Watch { get; init; }

    /// <summary>How sessions read the store again while a user is signed in; <see langword="null"/> if they don't.</summary>
    public RecheckSettings? Rechecks { get; init; }

    public required ITokenEndpoint Endpoint { get; init; }

    /// <summary>The Polly pipeline around the token call.</summary>
    public required ResiliencePipeline<TokenEndpointResult> Pipeline { get; init; }

    /// <summary>
    /// Revokes tokens at the server after a sign-out; <see langword="null"/> if neither a revocation endpoint nor an issuer is set.
    /// </summary>
    public TokenRevocation? Revocation { get; init; }

    public required ILogger Logger { get; init; }

    public required SessionTelemetry Telemetry { get; init; }

    public required FlightSettings FlightSettings { get; init; }

    public required WorkTracker Work { get; init; }

    /// <summary>An object that was created for these sessions alone, and is disposed with them.</summary>
    public IDisposable? Owned { get; init; }

    /// <summary>Whether these services belong to one session and end with it.</summary>
    public bool EndsWithSession => Cache is null;

    /// <summary>Whether the sessions were removed while the app runs: no request gets their tokens any more.</summary>
    public bool IsRemoved { get; set; }

    /// <summary>
    /// The sessions of users. Set once, by their owner; <see langword="null"/> for a session without dependency injection.
    /// </summary>
    public ISessionCache? Cache { get; set; }

    /// <summary>Whether the tokens are the client's own (RFC 6749, section 4.4): no user signs in, and there is no refresh token.</summary>
    public bool UsesClientCredentials => Options.GrantType == TokenGrantType.ClientCredentials;

    public bool HasStore => Store is not null;

    /// <summary>
    /// The sign-ins that are being saved, as keys. The store may have such a login before its session has it. A session that loads the
    /// login then must know that it is new: requests that waited for the saved login belong to the login that was replaced.
    /// </summary>
    public ConcurrentDictionary<LoginId, bool> PendingSignIns { get; } = new();

    /// <summary>
    /// Distinguishes the records of a client's own tokens by the requested scope and parameters: a token of another scope is another token.
    /// <see langword="null"/> for the tokens of users.
    /// </summary>
    public string? ClientRecord { get; init; }

    /// <summary>The state of a session before its first use.</summary>
    public SessionSnapshot InitialSnapshot => HasStore || UsesClientCredentials ? NotLoadedSnapshot.Initial : SignedOutSnapshot.Initial;

    /// <summary>Completes tokens that the server issued, and drops what the options exclude.</summary>
    public TokenSet Complete(TokenSet issued, TokenSet? previous)
    {
        var tokens = issued.WithDefaultsFrom(previous, Time.GetUtcNow());
        return Options.DropsIdentityToken ? tokens.WithoutIdentityToken() : tokens;
    }

    /// <summary>Opens the saved login of a session.</summary>
    public LoginStore OpenStore(TokenSessionKey key) =>
        Store is null ? new MemoryLoginStore(Time) : new SharedLoginStore(Store, key, Protector, Time, Watch);

    /// <summary>Logs a failure of the store.</summary>
    public void StoreFailed(StoreException failure) => SessionLog.StoreFailed(Logger, Name, StoreException.Describe(failure.Cause));

    /// <summary>Waits for the work that is running, then disposes the objects that were created for these sessions.</summary>
    public async ValueTask DisposeAsync()
    {
        await Work.DrainAsync(Options.RefreshTimeout).ConfigureAwait(false);
        Cache?.Dispose();
        Owned?.Dispose();
    }
}
