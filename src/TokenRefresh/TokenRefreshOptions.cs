using Polly;

namespace TokenRefresh;

/// <summary>How one session refreshes its tokens, and which requests get them.</summary>
public sealed class TokenRefreshOptions
{
    /// <summary>The URL of the token endpoint, which exchanges a refresh token for new tokens (RFC 6749, section 3.2).</summary>
    /// <value>
    /// An absolute https URL without fragment; http only on loopback and for <see cref="InsecureOrigins"/>. Required, unless
    /// <see cref="Issuer"/> is set or an <see cref="ITokenEndpoint"/> of your own is used.
    /// </value>
    public Uri? TokenEndpoint { get; set; }

    /// <summary>
    /// The server's issuer identifier. The token endpoint and the revocation endpoint are read from its discovery document: OpenID Connect
    /// Discovery 1.0, section 4, or RFC 8414, section 3.
    /// </summary>
    /// <value>
    /// An absolute https URL without query and fragment; http only on loopback and for <see cref="InsecureOrigins"/>. The default is
    /// <see langword="null"/>. Set it instead of <see cref="TokenEndpoint"/>.
    /// </value>
    /// <remarks>
    /// The first refresh fetches the document, never the start of the app. The document must name this issuer; one trailing slash is
    /// ignored. It is used for 24 hours, and longer while it can't be fetched again. If the first fetch fails, the refresh fails with a
    /// transient failure, and the refresh token stays unused.
    /// </remarks>
    public Uri? Issuer { get; set; }

    /// <summary>The URL of the discovery document, if it isn't at the usual place below <see cref="Issuer"/>.</summary>
    /// <value>An absolute URL, as for <see cref="Issuer"/>. The default is <see langword="null"/>: the two usual places.</value>
    public Uri? MetadataAddress { get; set; }

    /// <summary>The protocol of the token endpoint.</summary>
    /// <value>The default is <see cref="TokenEndpointProtocol.OAuth"/>.</value>
    public TokenEndpointProtocol Protocol { get; set; } = TokenEndpointProtocol.OAuth;

    /// <summary>The grant that tokens are requested with.</summary>
    /// <value>
    /// The default is <see cref="TokenGrantType.RefreshToken"/>. With <see cref="TokenGrantType.ClientCredentials"/> no user signs in: the
    /// first request gets a token, and a rejected client is a configuration failure, never a re-login.
    /// </value>
    public TokenGrantType GrantType { get; set; }

    /// <summary>The URL where a sign-out revokes the tokens: a revocation endpoint (RFC 7009), or Simple JWT's blacklist view.</summary>
    /// <value>
    /// An absolute URL, as for <see cref="TokenEndpoint"/>. The default is <see langword="null"/>: the endpoint that the discovery document
    /// of <see cref="Issuer"/> names. Without both, nothing is revoked. A failed revocation is logged, and the user stays signed out.
    /// </value>
    public Uri? RevocationEndpoint { get; set; }

    /// <summary>The client identifier (RFC 6749, section 2.2).</summary>
    /// <value>Required for <see cref="TokenEndpointProtocol.OAuth"/>; unused by Simple JWT.</value>
    public string? ClientId { get; set; }

    /// <summary>The client secret (RFC 6749, section 2.3.1).</summary>
    /// <value>The default is <see langword="null"/>: a public client. An empty text means the same.</value>
    public string? ClientSecret { get; set; }

    /// <summary>How the client authenticates at the token endpoint.</summary>
    /// <value>The default is <see langword="null"/>: <c>Basic</c> with a <see cref="ClientSecret"/>, <c>None</c> without.</value>
    public ClientAuthentication? ClientAuthentication { get; set; }

    /// <summary>The scopes that a refresh requests, separated by spaces (RFC 6749, section 6).</summary>
    /// <value>The default is <see langword="null"/>: the scope that the login has.</value>
    public string? Scope { get; set; }

    /// <summary>More parameters for the token request, such as <c>resource</c> or <c>audience</c>.</summary>
    /// <value>
    /// The default is none. The protocol itself sets <c>grant_type</c>, <c>refresh_token</c>, <c>refresh</c>, <c>client_id</c>,
    /// <c>client_secret</c> and <c>scope</c>: with one of these names the validation fails at the start of the app.
    /// </value>
    public IDictionary<string, string> ExtraParameters { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The authentication scheme of the API (RFC 9110, section 11.1), sent exactly as written here.</summary>
    /// <value>The default is <c>Bearer</c> (RFC 6750).</value>
    public string Scheme { get; set; } = "Bearer";

    /// <summary>The origins that get the access token: scheme, host and port; a path is ignored.</summary>
    /// <value>
    /// The default is empty: the origin of the base address that the named client's registration sets. https only, except on loopback and
    /// for <see cref="InsecureOrigins"/>. A request to any other origin is sent without a token, and its 401 is returned unchanged.
    /// </value>
    /// <remarks>
    /// An address that service discovery looks up, such as <c>https+http://api</c>, may be named too. The token is sent if the address that
    /// is found is https, on loopback, or one of <see cref="InsecureOrigins"/>.
    /// </remarks>
    public ICollection<Uri> AllowedOrigins { get; } = [];

    /// <summary>
    /// Decides whether an origin that <see cref="AllowedOrigins"/> doesn't name gets the access token. Use it if each tenant has a host,
    /// for example.
    /// </summary>
    /// <value>
    /// The default is <see langword="null"/>: no other origin. The function is called with the request's address for each request to
    /// another origin, on the caller's thread, also concurrently. The address of a WebSocket has the scheme http or https there. If it
    /// throws, the caller gets the exception. An allowed address must be https, on loopback, or one of <see cref="InsecureOrigins"/>.
    /// </value>
    public Func<Uri, bool>? IsAllowedOrigin { get; set; }

    /// <summary>
    /// The origins to which tokens are sent unencrypted, over plain http: an emulator's host, a container network, a service mesh that
    /// encrypts by itself.
    /// </summary>
    /// <value>
    /// Absolute http URLs, one for each origin; a path is ignored and there are no wildcards. The default is empty: http on loopback only.
    /// Each one is logged as a warning when the app starts. It applies to the API and to the token endpoint. The name of a service may be
    /// given: <c>http://api</c> applies to every address that service discovery finds for <c>http://api</c> or <c>https+http://api</c>.
    /// </value>
    public ICollection<Uri> InsecureOrigins { get; } = [];

    /// <summary>Names the user that a request belongs to, on servers with many users. Each user has a separate session.</summary>
    /// <value>
    /// The default is <see langword="null"/>: one session for all requests. If the function returns <see langword="null"/> or an empty
    /// text, the request has no user and no token. The function is called for each request, on the caller's thread, also concurrently.
    /// If it throws, the caller gets the exception. If it is set, the factory's own primary handler keeps no cookies: users share it.
    /// </value>
    public Func<HttpRequestMessage, IServiceProvider, string?>? UserKey { get; set; }

    /// <summary>How long a user's session may be unused before it is removed from memory.</summary>
    /// <value>
    /// More than zero, at most 24 days, or <see cref="Timeout.InfiniteTimeSpan"/> for never. The default is 20 minutes. The removal may
    /// take up to twice as long. Not removed are sessions with a login that is in no store, with event handlers, or with a running refresh.
    /// </value>
    public TimeSpan UserIdleTimeout { get; set; } = TimeSpan.FromMinutes(20);

    /// <summary>How long one refresh may take, with all its attempts and its waiting for other processes.</summary>
    /// <value>More than zero, at most 10 minutes. The default is 30 seconds.</value>
    public TimeSpan RefreshTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long before its expiry a token is refreshed in the background.</summary>
    /// <value>
    /// Zero or more. Zero: a token is never refreshed in the background. At most half of a token's lifetime is used. The default is
    /// <see langword="null"/>: 20 % of the lifetime, at most 5 minutes. For each token a random time of up to 10 % of the window is added,
    /// so that many clients don't refresh at once.
    /// </value>
    public TimeSpan? RefreshWindow { get; set; }

    /// <summary>How long before its expiry a token is no longer sent: requests wait for the refresh.</summary>
    /// <value>
    /// Zero or more, at most <see cref="RefreshWindow"/> unless that is zero, and at most half of a token's lifetime. The default is
    /// <see langword="null"/>: 5 % of the lifetime, at most 30 seconds.
    /// </value>
    public TimeSpan? ExpiryBuffer { get; set; }

    /// <summary>How old a refreshed token must be before a 401 starts another refresh. Otherwise the caller gets the 401.</summary>
    /// <value>Zero or more. The default is 10 seconds. At most a quarter of a token's known lifetime is used.</value>
    public TimeSpan MinRefreshInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How often a session whose user is signed in reads the store again. The read finds a sign-out, a new login or new tokens of another
    /// process.
    /// </summary>
    /// <value>
    /// 1 second to 1 day. The default is <see langword="null"/>. With <see langword="null"/> or zero a session reads the store only when it
    /// needs a new token. Set the interval for files and databases, which don't notify other processes. With a store that notifies, it is
    /// the longest time that a lost notification can stay unnoticed.
    /// </value>
    /// <remarks>
    /// No timer runs. The first use of a session after the interval reads its record and waits for the read, 2 seconds at most. It doesn't
    /// wait while the store can't be reached. A read that fails changes nothing. Not used with
    /// <see cref="TokenGrantType.ClientCredentials"/>.
    /// </remarks>
    public TimeSpan? RecheckInterval { get; set; }

    /// <summary>
    /// The largest content, in bytes, that is buffered before the first send, so that it can be sent again. It applies to content that can
    /// be read only once and whose length is known.
    /// </summary>
    /// <value>0 to 2,147,483,647 bytes. The default is 0: nothing is buffered.</value>
    public long MaxReplayBufferSize { get; set; }

    /// <summary>Decides, by status and headers, whether a response rejects the access token.</summary>
    /// <value>
    /// The default is <see langword="null"/>: a 401 whose challenge a new token can answer (RFC 6750, section 3). The function is called
    /// for each response, successes too, to a request that carried this session's token. It must not read the body:
    /// <see cref="ShouldRefreshAsync"/> may. If it throws, the response is disposed and the caller gets the exception.
    /// </value>
    public Func<HttpResponseMessage, bool>? ShouldRefresh { get; set; }

    /// <summary>Decides whether a response rejects the access token, and may read its body for that.</summary>
    /// <value>
    /// The default is <see langword="null"/>. It is called as <see cref="ShouldRefresh"/> is, and only one of the two may be set. Read the
    /// body through <see cref="HttpResponseMessage.Content"/>. The function gets the beginning of the body: 64 KiB at most, and what
    /// arrives within 2 seconds. The caller can still read the whole body. A body that the function doesn't read stays unread. The
    /// cancellation token is that of the caller's request.
    /// </value>
    public Func<HttpResponseMessage, CancellationToken, Task<bool>>? ShouldRefreshAsync { get; set; }

    /// <summary>What the caller gets when the user must sign in again.</summary>
    /// <value>The default is <see cref="ReLoginResult.Return401"/>.</value>
    public ReLoginResult ReLoginResult { get; set; } = ReLoginResult.Return401;

    /// <summary>Called once for each login that has ended, in addition to <see cref="TokenSession.ReLoginRequired"/>.</summary>
    /// <value>
    /// The default is <see langword="null"/>. It is called on a pool thread, after the event's handlers. Waiting requests are delayed by
    /// 100 milliseconds at most. The cancellation token is cancelled when the app ends. An exception is logged and has no other effect.
    /// </value>
    public Func<TokenSession, ReLoginRequiredEventArgs, CancellationToken, Task>? OnReLoginRequired { get; set; }

    /// <summary>Asks the user to sign in again while requests wait. They are sent with the new tokens.</summary>
    /// <value>
    /// The default is <see langword="null"/>. It is called once for all waiting requests, on a pool thread, and never for a refresh in the
    /// background. It returns new tokens of the <em>same</em> user, or <see langword="null"/> if the user declines. The cancellation token
    /// is cancelled after <see cref="InteractiveSignInTimeout"/>, after a sign-out or sign-in, and when the app ends. If it returns
    /// <see langword="null"/> or throws, the login ends: the event is raised, and the user isn't asked again before the next sign-in.
    /// </value>
    public Func<ReLoginRequiredEventArgs, CancellationToken, Task<TokenSet?>>? SignInInteractively { get; set; }

    /// <summary>How long requests wait for <see cref="SignInInteractively"/>.</summary>
    /// <value>
    /// More than zero, at most an hour. The default is 5 minutes. Tokens that the callback returns later are used for later requests.
    /// </value>
    public TimeSpan InteractiveSignInTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Interprets the responses of a token endpoint that differs from the protocol.</summary>
    /// <value>
    /// The default is <see langword="null"/>: responses mean what <see cref="Protocol"/> defines. The function gets every response. It
    /// returns the meaning, or <see langword="null"/> for the meaning that the protocol defines. A session calls it for one response at a
    /// time; different sessions may call it concurrently. If it throws, the refresh fails with a configuration failure. A new refresh token
    /// in the response is saved in any case.
    /// </value>
    /// <remarks>Not used with an <see cref="ITokenEndpoint"/> of your own.</remarks>
    /// <example>
    /// Atlassian rejects a refresh token with 403 and <c>unauthorized_client</c>:
    /// <code>
    /// o.InterpretTokenResponse = r =>
    ///     r.GetString("error") == "unauthorized_client" ? TokenEndpointResult.Rejected("unauthorized_client") : null;
    /// </code>
    /// </example>
    public Func<TokenEndpointResponse, TokenEndpointResult?>? InterpretTokenResponse { get; set; }

    /// <summary>Replaces the Polly pipeline around the token call.</summary>
    /// <value>
    /// The default is <see langword="null"/>. The default pipeline repeats a request whose response was lost once, at once. After other
    /// transient failures it makes up to three attempts in all (0.5 s and 1 s apart, ±20 %), unless the server sent <c>Retry-After</c>.
    /// <see cref="RefreshTimeout"/> also limits a pipeline of your own.
    /// </value>
    public Action<ResiliencePipelineBuilder<TokenEndpointResult>>? ConfigureRefreshPipeline { get; set; }

    /// <summary>Whether the tokens of a login say to which <see cref="Storage.LoginPeriod"/> it belongs. For web apps.</summary>
    internal bool CountsPeriods { get; set; }

    /// <summary>Whether id tokens are dropped at a sign-in and at each refresh. For web apps.</summary>
    internal bool DropsIdentityToken { get; set; }

    /// <summary>Returns the protocol and the client id, and no secret.</summary>
    /// <returns>A text for logs and debuggers.</returns>
    public override string ToString() => $"TokenRefreshOptions {{ Protocol = {Protocol}, ClientId = {ClientId} }}";
}
