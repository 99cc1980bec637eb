using System;
using System.Diagnostics;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;

namespace TokenRefresh;

/// <summary>One login: its tokens, its state, its events. Safe for any number of threads; single flight is per session.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed partial class TokenSession : IDisposable, IAsyncDisposable
{
    private readonly SessionServices _services;

    internal TokenSession(SessionServices services, string? userKey)
    {
        _services = services;
        UserKey = userKey;
        _current = services.Store is null && !services.IsOwnClient ? Generation.NeverSignedIn : Generation.NotLoaded;
        if (userKey is null)
        {
            services.Telemetry.Observe(this);
        }
    }

    /// <summary>Raised once per dead login, outside every lock. A subscriber may block, throw, sign in, or call the client.</summary>
    public event EventHandler<ReLoginRequiredEventArgs>? ReLoginRequired;

    /// <summary>Raised when the session has a new access token, by a refresh of its own or one that another process made.</summary>
    public event EventHandler<TokensRefreshedEventArgs>? TokensRefreshed;

    /// <summary>The session's name.</summary>
    public string Name => _services.Name;

    /// <summary>The session's user, or <see langword="null"/> where the session has only one.</summary>
    public string? UserKey { get; }

    /// <summary>What is known of the login. Reads no store and waits for nothing.</summary>
    public TokenSessionState State => _current.State;

    /// <summary>Creates a session without dependency injection. Dispose it when the app ends: a refresh under way is finished first.</summary>
    /// <param name="options">The settings. They are validated now, and must not be changed afterwards.</param>
    /// <param name="timeProvider">The clock, or <see langword="null"/> for the system's.</param>
    /// <param name="store">Where the tokens live, or <see langword="null"/> for memory.</param>
    /// <param name="endpoint">How a refresh is asked for, or <see langword="null"/> for the one that <see cref="TokenRefreshOptions.Protocol"/> names.</param>
    /// <param name="protector">How saved tokens are encrypted, or <see langword="null"/> for not at all.</param>
    /// <param name="backchannel">
    /// The handler that carries the token calls, or <see langword="null"/> for one of the session's own, without redirects and cookies.
    /// It isn't disposed with the session.
    /// </param>
    /// <param name="loggerFactory">Where logs go, or <see langword="null"/> for nowhere.</param>
    /// <param name="name">The session's name in logs and events.</param>
    /// <param name="allowUnencryptedStore">Whether a store that saves tokens may be used without a <paramref name="protector"/>.</param>
    /// <exception cref="ArgumentException">An option is wrong, or tokens would be saved unencrypted; the message names it and says what to do.</exception>
    public static TokenSession Create(
        TokenRefreshOptions options,
        TimeProvider? timeProvider = null,
        ITokenStore? store = null,
        ITokenEndpoint? endpoint = null,
        ITokenProtector? protector = null,
        HttpMessageHandler? backchannel = null,
        ILoggerFactory? loggerFactory = null,
        string name = "default",
        bool allowUnencryptedStore = false)
    {
        Require.NotNull(options, nameof(options));
        Require.NotEmpty(name, nameof(name));
        var services = StandaloneSession.Compose(options, timeProvider, store, endpoint, protector, backchannel, loggerFactory, name, allowUnencryptedStore);
        return new TokenSession(services, userKey: null);
    }

    /// <summary>Signs in with a new login's tokens: they are saved, and from then on sent. Whatever there was before is over.</summary>
    /// <param name="tokens">The tokens. Without <see cref="TokenSet.ExpiresAt"/> their lifetime is unknown: they are used until a 401.</param>
    /// <param name="cancellationToken">Gives up waiting for the store.</param>
    /// <exception cref="ArgumentException">The type of the tokens needs a proof of possession (DPoP, MAC, PoP), or isn't one word.</exception>
    /// <exception cref="TokenRefreshException">The tokens couldn't be saved: nothing has changed.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public async Task SignInAsync(TokenSet tokens, CancellationToken cancellationToken = default)
    {
        Require.NotNull(tokens, nameof(tokens));
        if (!CanSend(tokens))
        {
            throw new ArgumentException(
                $"The tokens of session '{Name}' have a type (TokenSet.Scheme) that needs a proof of possession or isn't one word. "
                + "Sign in with Bearer tokens.",
                nameof(tokens));
        }

        var received = tokens.CompletedBy(old: null, _services.Time.GetUtcNow());
        var lineage = NewLineage();
        var answer = await WithStoreAsync(
            () => Store.SignInAsync(lineage, _current.Version, received, cancellationToken),
            "The tokens of the new sign-in couldn't be saved; nothing has changed. Sign in again.",
            cancellationToken).ConfigureAwait(false);

        Begin(SignedIn(lineage, answer.Version, received, isRefreshed: false, revision: answer.Revision));
        Log.SignedIn(_services.Logger, Name);
    }

    /// <summary>
    /// Signs out: from this call on no request gets a token, and a refresh under way brings nothing back. The server is told where
    /// <see cref="TokenRefreshOptions.RevocationEndpoint"/> is set.
    /// </summary>
    /// <param name="cancellationToken">Gives up waiting for the store.</param>
    /// <exception cref="TokenRefreshException">
    /// The session is signed out, but its saved tokens couldn't be removed: call again, or the next start finds them.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public async Task SignOutAsync(CancellationToken cancellationToken = default)
    {
        var ended = End();
        await WithStoreAsync(
            async () =>
            {
                var answer = await Store.SignOutAsync(ended.Version, cancellationToken).ConfigureAwait(false);
                Begin(NoLogin(answer.Version));
                Log.SignedOut(_services.Logger, Name);
                await RevokeAsync(TokensToRevoke(ended, answer)).WaitAsync(cancellationToken).ConfigureAwait(false);
                return answer;
            },
            "The session is signed out here, but its saved tokens couldn't be removed. Call SignOutAsync again.",
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives an access token that is fresh, refreshed if need be: for SignalR, gRPC, WebSockets and whatever isn't HTTP.</summary>
    /// <param name="cancellationToken">Gives up waiting; a refresh under way goes on.</param>
    /// <returns>The access token without its scheme, or <see langword="null"/> when nobody is signed in.</returns>
    /// <exception cref="TokenRefreshException">The login is dead, or the refresh failed.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public async Task<string?> GetAccessTokenAsync(CancellationToken cancellationToken = default)
    {
        if (_services.Work.Stopping.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(TokenSession), $"Session '{Name}' is disposed.");
        }

        var generation = await AcquireAsync(cancellationToken).ConfigureAwait(false);
        return generation.State == TokenSessionState.ReLoginRequired ? throw ReLogin() : generation.Tokens?.AccessToken;
    }

    /// <summary>
    /// Gives another access token than one that a server refused, for whatever isn't sent through the handler: the session's own, if it has
    /// been replaced meanwhile, else that of one refresh for all who ask.
    /// </summary>
    /// <param name="refused">The access token that was refused, without its scheme.</param>
    /// <param name="cancellationToken">Gives up waiting; a refresh under way goes on.</param>
    /// <returns>
    /// The access token without its scheme, or <see langword="null"/> when nobody is signed in. The refused one again, if it was refreshed
    /// less than <see cref="TokenRefreshOptions.MinRefreshInterval"/> ago: a newer one wouldn't help.
    /// </returns>
    /// <exception cref="TokenRefreshException">The login is dead, or the refresh failed.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public Task<string?> ReplaceAccessTokenAsync(string refused, CancellationToken cancellationToken = default)
    {
        Require.NotNull(refused, nameof(refused));
        if (_current is { State: TokenSessionState.SignedIn } current && current.Tokens!.AccessToken == refused)
        {
            Reject(current);
        }

        return GetAccessTokenAsync(cancellationToken);
    }

    /// <summary>
    /// Refreshes now, whatever the clock says, or joins the refresh under way. <see cref="TokenRefreshOptions.MinRefreshInterval"/> and
    /// cool-downs don't hold it back, a server's <c>Retry-After</c> does.
    /// </summary>
    /// <param name="cancellationToken">Gives up waiting; a refresh under way goes on.</param>
    /// <exception cref="InvalidOperationException">Nobody is signed in, or the login has no refresh token and its access token is still good.</exception>
    /// <exception cref="TokenRefreshException">The login is dead, or the refresh failed.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public async Task RefreshAsync(CancellationToken cancellationToken = default)
    {
        if (await AcquireForRefreshAsync(cancellationToken).ConfigureAwait(false) is not { } start)
        {
            return;
        }

        for (var round = 1; round == 1 || (round <= MaxRounds && _current == start && start.Tokens!.RefreshToken is not null); round++)
        {
            // One that only loads the login may be about to land: it has refreshed nothing, and is joined in vain.
            var failure = await _services.Telemetry.HoldAsync(Join(start, FlightCause.Forced), cancellationToken).ConfigureAwait(false);
            if (failure is not null)
            {
                throw failure.ToException();
            }
        }

        if (_current.State != TokenSessionState.SignedIn)
        {
            throw ReLogin();
        }

        if (_current == start && start.Tokens!.RefreshToken is null)
        {
            throw new InvalidOperationException(
                $"The login of session '{Name}' has no refresh token: it lives as long as its access token, and can't be refreshed. Sign in again for a new one.");
        }
    }

    /// <summary>
    /// Waits for a refresh under way, then ends the session: whatever is asked of it afterwards is an <see cref="ObjectDisposedException"/>.
    /// A session of <see cref="TokenSessions"/> ends with these; disposed by itself it lives on.
    /// </summary>
    public ValueTask DisposeAsync() => _services.EndsWithSession ? _services.DisposeAsync() : default;

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Names the session and its state, and no secret or user.</summary>
    public override string ToString() => $"TokenSession {{ Name = {Name}, State = {State} }}";
}
