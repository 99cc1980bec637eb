using System.Diagnostics;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh;

/// <summary>One login: its tokens, its state and its events. All members are safe to call from any thread.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class TokenSession : IObservedSessions, IDisposable, IAsyncDisposable
{
    internal TokenSession(SessionServices services, string? userKey, SessionSnapshot? initial = null) =>
        Context = new SessionContext(services, userKey, this, initial ?? services.InitialSnapshot);

    /// <summary>
    /// Raised once when the login ends and the user must sign in again. It is raised on a pool thread, outside every lock. A handler may
    /// block, throw, sign in, or send requests.
    /// </summary>
    /// <remarks>
    /// An exception of a handler is logged. An exception of an <c>async void</c> handler ends the process, as everywhere in .NET: use
    /// <see cref="TokenRefreshOptions.OnReLoginRequired"/> for asynchronous code.
    /// </remarks>
    public event EventHandler<ReLoginRequiredEventArgs>? ReLoginRequired
    {
        add => Context.AddHandlers().ReLoginRequired += value;
        remove => Context.AddHandlers().ReLoginRequired -= value;
    }

    /// <summary>
    /// Raised when the session has a new access token, by its own refresh or by one that another process made. It is raised on a pool
    /// thread, outside every lock.
    /// </summary>
    /// <remarks>
    /// An exception of a handler is logged. An exception of an <c>async void</c> handler ends the process, as everywhere in .NET: catch it
    /// in the handler.
    /// </remarks>
    public event EventHandler<TokensRefreshedEventArgs>? TokensRefreshed
    {
        add => Context.AddHandlers().TokensRefreshed += value;
        remove => Context.AddHandlers().TokensRefreshed -= value;
    }

    /// <summary>The session's name.</summary>
    public string Name => Context.Services.Name;

    /// <summary>The session's user, or <see langword="null"/> if the session has no separate users.</summary>
    public string? UserKey => Context.UserKey;

    /// <summary>The state of the login, as far as this process knows it. The property doesn't read the store and doesn't wait.</summary>
    public TokenSessionState State => Context.Current.State;

    /// <summary>
    /// The login's id token, for example as <c>id_token_hint</c> of a sign-out at the provider (OpenID Connect RP-Initiated Logout, section
    /// 2); <see langword="null"/> if there is none, or while <see cref="State"/> isn't <see cref="TokenSessionState.SignedIn"/>.
    /// </summary>
    /// <remarks>
    /// It isn't validated. The property doesn't read the store: at the start of a process call
    /// <see cref="GetAccessTokenAsync(CancellationToken)"/> first, which loads the saved login.
    /// </remarks>
    public string? IdentityToken => Tokens?.IdentityToken;

    /// <summary>
    /// The other members of the login's token responses, such as <c>instance_url</c>, as <see cref="TokenSet.Additional"/> describes them;
    /// empty while <see cref="State"/> isn't <see cref="TokenSessionState.SignedIn"/>.
    /// </summary>
    /// <remarks>The property doesn't read the store, like <see cref="IdentityToken"/>.</remarks>
    public IReadOnlyDictionary<string, string> Additional => Tokens?.Additional ?? TokenSetExtras.None.Additional;

    internal SessionContext Context { get; }

    IEnumerable<TokenSessionState> IObservedSessions.States => Context.Services.Work.IsStopping ? [] : [State];

    /// <summary>The tokens of the login, if it is loaded and signed in.</summary>
    internal TokenSet? Tokens => (Context.Current as SignedInSnapshot)?.Tokens;

    /// <summary>
    /// Creates a session without dependency injection. Dispose it when the app ends: the disposal waits for a refresh that is running.
    /// </summary>
    /// <param name="options">The options. They are validated now and must not be changed afterwards.</param>
    /// <param name="settings">Store, clock, log and the like; <see langword="null"/> for the defaults.</param>
    /// <returns>The session.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">An option or setting is wrong. The message names it and says what to do.</exception>
    public static TokenSession Create(TokenRefreshOptions options, TokenSessionSettings? settings = null)
    {
        Require.NotNull(options, nameof(options));
        var session = new TokenSession(SessionComposer.Compose(options, settings ?? new TokenSessionSettings()), userKey: null);
        session.Context.Services.Telemetry.Observe(session);
        return session;
    }

    /// <summary>
    /// Saves the tokens of a new login and uses them for all requests from now on. The new login replaces an earlier one.
    /// </summary>
    /// <param name="tokens">
    /// The tokens. Without <see cref="TokenSet.ExpiresAt"/> the lifetime is unknown: they are used until a 401.
    /// </param>
    /// <param name="cancellationToken">Cancels the wait for the store.</param>
    /// <returns>A task that completes when the tokens are saved.</returns>
    /// <exception cref="ArgumentException">
    /// The tokens need a proof that the handler can't send (<c>DPoP</c>, <c>mac</c>, <c>pop</c>), or their type isn't one word.
    /// </exception>
    /// <exception cref="ArgumentNullException"><paramref name="tokens"/> is <see langword="null"/>.</exception>
    /// <exception cref="InvalidOperationException">The session uses client credentials: no user signs in.</exception>
    /// <exception cref="TokenRefreshException">The tokens couldn't be saved. Nothing has changed.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task SignInAsync(TokenSet tokens, CancellationToken cancellationToken = default)
    {
        Require.NotNull(tokens, nameof(tokens));
        return SaveAsync(tokens, cancellationToken);
    }

    /// <summary>
    /// Signs out. From this call on requests are sent without a token, and the tokens of a refresh that is running aren't used. If there is
    /// a <see cref="TokenRefreshOptions.RevocationEndpoint"/>, set or discovered, the tokens are revoked in the background.
    /// </summary>
    /// <param name="cancellationToken">Cancels the wait for the store.</param>
    /// <returns>A task that completes when the saved tokens are removed.</returns>
    /// <exception cref="TokenRefreshException">
    /// The session is signed out, but the saved tokens couldn't be removed. Call again, or the next start of the app loads them.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task SignOutAsync(CancellationToken cancellationToken = default) => new LoginChange(Context).SignOutAsync(cancellationToken);

#pragma warning disable RS0026 // The overloads differ in a required parameter, so no call can mean both.
    /// <summary>Returns a valid access token and refreshes it first if needed. For SignalR, gRPC, WebSockets and the like.</summary>
    /// <param name="cancellationToken">Cancels the wait. A refresh that is running continues.</param>
    /// <returns>The access token without its scheme, or <see langword="null"/> if no user is signed in.</returns>
    /// <exception cref="TokenRefreshException">The login has ended, or the refresh failed.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<string?> GetAccessTokenAsync(CancellationToken cancellationToken = default) =>
        (await new TokenQuery(Context).GetAsync(cancellationToken).ConfigureAwait(false))?.Tokens.AccessToken;

    /// <summary>
    /// Call this when a server rejects an access token. Returns the session's current token if it is newer; otherwise refreshes once, for
    /// all callers, and returns the new one.
    /// </summary>
    /// <param name="rejectedToken">The access token that the server rejected, without its scheme.</param>
    /// <param name="cancellationToken">Cancels the wait. A refresh that is running continues.</param>
    /// <returns>
    /// The access token without its scheme, or <see langword="null"/> if no user is signed in. The rejected token is returned again if it
    /// was refreshed less than <see cref="TokenRefreshOptions.MinRefreshInterval"/> ago, because a newer one wouldn't help.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="rejectedToken"/> can't be an access token: it is empty, or contains white space, for example after its scheme.
    /// </exception>
    /// <exception cref="ArgumentNullException"><paramref name="rejectedToken"/> is <see langword="null"/>.</exception>
    /// <exception cref="TokenRefreshException">The login has ended, or the refresh failed.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<string?> GetAccessTokenAsync(string rejectedToken, CancellationToken cancellationToken = default)
    {
        Require.NotNull(rejectedToken, nameof(rejectedToken));
        if (!TokenSyntax.IsAccessToken(rejectedToken))
        {
            // It would differ from every token of the session, so the rejected token would be returned again and again.
            throw new ArgumentException(TokenSyntax.DescribeFault(rejectedToken), nameof(rejectedToken));
        }

        var snapshot = await new TokenQuery(Context).GetOtherThanAsync(rejectedToken, cancellationToken).ConfigureAwait(false);
        return snapshot?.Tokens.AccessToken;
    }
#pragma warning restore RS0026

    /// <summary>
    /// Refreshes now, even if the token hasn't expired, or joins the refresh that is running. It ignores
    /// <see cref="TokenRefreshOptions.MinRefreshInterval"/> and cool-downs, but not a server's <c>Retry-After</c>.
    /// </summary>
    /// <param name="cancellationToken">Cancels the wait. A refresh that is running continues.</param>
    /// <returns>A task that completes when there are new tokens.</returns>
    /// <exception cref="InvalidOperationException">
    /// No user is signed in, or the login has no refresh token and its access token is still valid.
    /// </exception>
    /// <exception cref="TokenRefreshException">The login has ended or was replaced, or the refresh failed.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task RefreshAsync(CancellationToken cancellationToken = default) => new TokenQuery(Context).RefreshAsync(cancellationToken);

    /// <summary><see cref="SignInAsync"/>, which returns the tokens as they were saved.</summary>
    internal Task<TokenSet> SaveAsync(TokenSet tokens, CancellationToken cancellationToken) =>
        new LoginChange(Context).SignInAsync(tokens, cancellationToken);

    /// <summary>Reads the store, without a refresh, so that <see cref="State"/> says what it holds.</summary>
    internal Task LookIntoStoreAsync(CancellationToken cancellationToken) => new StoreLook(Context).RunAsync(cancellationToken);

    /// <summary>
    /// Reads the store, if <see cref="TokenRefreshOptions.RecheckInterval"/> is over. It never throws because of the store.
    /// </summary>
    internal Task RecheckAsync(CancellationToken cancellationToken) => Context.RecheckAsync(cancellationToken);

    /// <summary>
    /// Waits for a refresh that is running, then ends the session. The wait is limited by <see cref="TokenRefreshOptions.RefreshTimeout"/>.
    /// It has no effect on sessions from dependency injection; those end with the container.
    /// </summary>
    /// <returns>A task that completes when the session has ended.</returns>
    public async ValueTask DisposeAsync()
    {
        if (Context.Services.EndsWithSession)
        {
            await Context.Services.DisposeAsync().ConfigureAwait(false);
            Context.Listeners?.UnsubscribeFromStore();
            Context.Services.Telemetry.Forget(this);
        }
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Returns the session's name and state, and no secret or user.</summary>
    /// <returns>A text for logs and debuggers.</returns>
    public override string ToString() => $"TokenSession {{ Name = {Name}, State = {State} }}";
}
