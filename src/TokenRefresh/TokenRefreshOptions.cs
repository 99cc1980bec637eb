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
    /// ignored. It is used for 24 hours, and longer while it can't be fetched again. If the first fetch fails, the refresh fails for now
    /// and the refresh token stays unused.
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

    /// <summary>Where tokens are revoked at a sign-out (RFC 7009), or the blacklist view of Simple JWT.</summary>
    /// <value>
    /// An absolute URL, as for <see cref="TokenEndpoint"/>. The default is <see langword="null"/>: the one that the discovery document of
    /// <see cref="Issuer"/> names; otherwise nothing is revoked. A failed revocation is logged; the user is signed out all the same.
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

    /// <summary>The scope that a refresh requests (RFC 6749, section 6), separated by spaces.</summary>
    /// <value>The default is <see langword="null"/>: the scope that the login has.</value>
    public string? Scope { get; set; }

    /// <summary>More parameters for the token request, such as <c>resource</c> or <c>audience</c>.</summary>
    /// <value>The default is none. The parameters that the protocol itself sets can't be replaced.</value>
    public IDictionary<string, string> ExtraParameters { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The authentication scheme of the API (RFC 9110, section 11.1), sent exactly as written here.</summary>
    /// <value>The default is <c>Bearer</c> (RFC 6750).</value>
    public string Scheme { get; set; } = "Bearer";

    /// <summary>The origins that get the access token: scheme, host and port; a path is ignored.</summary>
    /// <value>
    /// The default is empty: the base address that the named client's registration sets. https only, except on loopback and for
    /// <see cref="InsecureOrigins"/>. A request to any other origin is sent without a token, and its 401 is returned unchanged.
    /// </value>
    /// <remarks>
    /// An address that service discovery looks up, such as <c>https+http://api</c>, may be named too. The token is sent if the address that
    /// is found is https, on loopback, or one of <see cref="InsecureOrigins"/>.
    /// </remarks>
    public ICollection<Uri> AllowedOrigins { get; } = [];

    /// <summary>
    /// Decides whether an origin gets the access token that <see cref="AllowedOrigins"/> doesn't name: one host for each tenant, for
    /// example.
    /// </summary>
    /// <value>
    /// The default is <see langword="null"/>: no other origin. The function is called for each request to another origin, on the caller's
    /// thread, with the request's address; any thread may call it. If it throws, the caller gets the exception. An address that is neither
    /// https nor on loopback gets no token, whatever the function returns, unless <see cref="InsecureOrigins"/> names it.
    /// </value>
    public Func<Uri, bool>? IsAllowedOrigin { get; set; }

    /// <summary>
    /// The origins to which tokens are sent unencrypted, over plain http: an emulator's host, a container network, a service mesh that
    /// encrypts by itself.
    /// </summary>
    /// <value>
    /// Absolute http URLs, one for each origin; a path is ignored and there are no wildcards. The default is empty: http on loopback only.
    /// Each one is logged as a warning when the app starts. It applies to the API and to the token endpoint.
    /// </value>
    public ICollection<Uri> InsecureOrigins { get; } = [];

    /// <summary>Names the user a request belongs to, on servers with many users: each user has a session of its own.</summary>
    /// <value>
    /// The default is <see langword="null"/>: one session for all. A request for which the function returns <see langword="null"/>
    /// or an empty text belongs to no user and is sent without a token. The function is called for each request, on the caller's thread; if
    /// it throws, the caller gets the exception.
    /// </value>
    public Func<HttpRequestMessage, IServiceProvider, string?>? UserKey { get; set; }

    /// <summary>How long a user's session may be unused before it is removed from memory.</summary>
    /// <value>
    /// More than zero, at most 24 days, or <see cref="Timeout.InfiniteTimeSpan"/> for never. The default is 20 minutes; it may take up to
    /// twice as long. A session isn't removed if something would be lost: a login that is in no store, event handlers, a running
    /// refresh.
    /// </value>
    public TimeSpan UserIdleTimeout { get; set; } = TimeSpan.FromMinutes(20);

    /// <summary>How long one refresh may take, with all its attempts and its waiting for other processes.</summary>
    /// <value>More than zero, at most 10 minutes. The default is 30 seconds.</value>
    public TimeSpan RefreshTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long before its expiry a token is refreshed in the background.</summary>
    /// <value>
    /// Zero or more; zero: never ahead. At most half of a token's lifetime is used. The default is <see langword="null"/>: 20 % of the
    /// lifetime, at most 5 minutes. Moved towards earlier by up to 10 %, once per token, so that many clients don't refresh at once.
    /// </value>
    public TimeSpan? RefreshWindow { get; set; }

    /// <summary>How long before its expiry a token is no longer sent: requests wait for the refresh.</summary>
    /// <value>
    /// Zero or more, at most <see cref="RefreshWindow"/> unless that is zero, and at most half of a token's lifetime. The default is
    /// <see langword="null"/>: 5 % of the lifetime, at most 30 seconds.
    /// </value>
    public TimeSpan? ExpiryBuffer { get; set; }

    /// <summary>A 401 for a token that was refreshed less than this ago starts no refresh: the caller gets it.</summary>
    /// <value>Zero or more. The default is 10 seconds. At most a quarter of a token's known lifetime is used.</value>
    public TimeSpan MinRefreshInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How often a session whose user is signed in reads the store again, so that it finds a sign-out, a new login or new tokens of another
    /// process.
    /// </summary>
    /// <value>
    /// <see langword="null"/> or zero: never; a session reads the store when it needs a new token. Otherwise 1 second to 1 day. The default
    /// is <see langword="null"/>. Set it for files and databases, which don't notify other processes. With a store that notifies, it limits
    /// how long a lost notification matters.
    /// </value>
    /// <remarks>
    /// No timer runs. The first use of a session after the interval reads its record, and waits for that: 2 seconds at most, and not at all
    /// while the store can't be reached. A read that fails changes nothing. Unused with <see cref="TokenGrantType.ClientCredentials"/>.
    /// </remarks>
    public TimeSpan? RecheckInterval { get; set; }

    /// <summary>
    /// Up to how many bytes of one-shot content of known length are buffered before the first send, so that it can be sent again.
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
    /// The default is <see langword="null"/>. As <see cref="ShouldRefresh"/>, and only one of the two may be set. Read the body through
    /// <see cref="HttpResponseMessage.Content"/>: the function gets its beginning, 64 KiB at most and what arrives within 2 seconds, and
    /// the caller can still read all of it. A body that the function doesn't read stays unread. The token is the caller's.
    /// </value>
    public Func<HttpResponseMessage, CancellationToken, Task<bool>>? ShouldRefreshAsync { get; set; }

    /// <summary>What the caller gets when the user must sign in again.</summary>
    /// <value>The default is <see cref="ReLoginResult.Return401"/>.</value>
    public ReLoginResult ReLoginResult { get; set; } = ReLoginResult.Return401;

    /// <summary>Called once for each login that has ended, in addition to <see cref="TokenSession.ReLoginRequired"/>.</summary>
    /// <value>The default is <see langword="null"/>. No request waits for it; what it throws is logged.</value>
    public Func<TokenSession, ReLoginRequiredEventArgs, CancellationToken, Task>? OnReLoginRequired { get; set; }

    /// <summary>Asks the user to sign in again while requests wait. They are sent with the new tokens.</summary>
    /// <value>
    /// The default is <see langword="null"/>. It is called once for all waiting requests, on a pool thread, and never for a refresh in the
    /// background. It returns new tokens of the <em>same</em> user, or <see langword="null"/> if the user declines. The cancellation token
    /// is cancelled when no request waits any more: after <see cref="InteractiveSignInTimeout"/>, after a sign-out or sign-in, or when the
    /// app ends. Without new tokens, or if it throws, the login ends: the event is raised, and the user isn't asked again before the next
    /// sign-in.
    /// </value>
    public Func<ReLoginRequiredEventArgs, CancellationToken, Task<TokenSet?>>? SignInInteractively { get; set; }

    /// <summary>How long requests wait for <see cref="SignInInteractively"/>.</summary>
    /// <value>
    /// More than zero, at most an hour. The default is 5 minutes. A login that comes later is used for later requests.
    /// </value>
    public TimeSpan InteractiveSignInTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Interprets the responses of a token endpoint that differs from the protocol.</summary>
    /// <value>
    /// The default is <see langword="null"/>: responses mean what <see cref="Protocol"/> defines. The function gets every response, and
    /// returns what it means, or <see langword="null"/> for the protocol's meaning. It is called in the flight, one response at a time.
    /// If it throws, that is a configuration failure. A new refresh token in the response is saved in any case.
    /// </value>
    /// <remarks>Unused with an <see cref="ITokenEndpoint"/> of your own.</remarks>
    /// <example>
    /// Atlassian rejects a refresh token with 403 and <c>unauthorized_client</c>:
    /// <code>
    /// o.InterpretTokenResponse = r => r.GetString("error") == "unauthorized_client" ? TokenEndpointResult.Rejected("unauthorized_client")
    /// : null;
    /// </code>
    /// Simple JWT 5.4 answers 500 for a user that was deleted:
    /// <code>
    /// o.InterpretTokenResponse = r => r.StatusCode == HttpStatusCode.InternalServerError ? TokenEndpointResult.Rejected("user_deleted") :
    /// null;
    /// </code>
    /// </example>
    public Func<TokenEndpointResponse, TokenEndpointResult?>? InterpretTokenResponse { get; set; }

    /// <summary>Replaces the Polly pipeline around the token call.</summary>
    /// <value>
    /// The default is <see langword="null"/>: a response that was lost is requested once more, at once; other transient failures up to
    /// three attempts in all (0.5 s and 1 s apart, ±20 %), unless the server sent <c>Retry-After</c>. <see cref="RefreshTimeout"/>
    /// limits the whole pipeline in any case.
    /// </value>
    public Action<ResiliencePipelineBuilder<TokenEndpointResult>>? ConfigureRefreshPipeline { get; set; }

    /// <summary>Whether the tokens of a login say to which <see cref="Storage.LoginPeriod"/> it belongs. For web apps.</summary>
    internal bool CountsPeriods { get; set; }

    /// <summary>Names the options, and no secret.</summary>
    public override string ToString() => $"TokenRefreshOptions {{ Protocol = {Protocol}, ClientId = {ClientId} }}";
}
