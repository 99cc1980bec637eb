using System.Globalization;
using System.Net;
using System.Text;

namespace TokenRefresh.Testing;

/// <summary>
/// A token endpoint in memory that rotates refresh tokens. Tokens are numbered: <c>access-1</c>, <c>refresh-1</c>, <c>access-2</c> … It
/// records what it receives.
/// </summary>
/// <param name="timeProvider">
/// The server's clock; <see langword="null"/> for the system's. Pass the app's clock, so that both agree when a token expires.
/// </param>
/// <param name="mode">The server's protocol, and its response to a refresh token that was used before.</param>
public sealed partial class FakeTokenServer(TimeProvider? timeProvider = null, TokenServerMode mode = TokenServerMode.ReuseIsRejected)
    : HttpMessageHandler
{
    private const string NoRefresh = ". Check that the session is signed in, that the API answered 401, and that the last refresh "
        + "is older than MinRefreshInterval. response.GetTokenRefreshOutcome() says why a 401 was returned.";

    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;
    private readonly object _lock = new();
    private readonly List<string> _presented = [];
    private readonly List<string> _bodies = [];
    private readonly Dictionary<string, Family> _families = [];
    private readonly Dictionary<string, DateTimeOffset> _accessTokens = [];
    private readonly HashSet<string> _used = [];
    private readonly Queue<Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage?>>> _script = new();
    private Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage?>>? _always;
    private Gate? _gate;
    private int _number;
    private int _inFlight;

    /// <summary>The lifetime of access tokens.</summary>
    /// <value>
    /// The default is 5 minutes. <see langword="null"/>: responses contain no lifetime, and the tokens are valid until
    /// <see cref="ExpireAccessTokens"/> is called.
    /// </value>
    public TimeSpan? Lifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How many calls it received: refreshes, requests with client credentials, and revocations.</summary>
    public int Calls
    {
        get
        {
            lock (_lock)
            {
                return _bodies.Count;
            }
        }
    }

    /// <summary>The largest number of calls that were running at the same time.</summary>
    public int PeakInFlight { get; private set; }

    /// <summary>The refresh tokens it received, in order.</summary>
    public IReadOnlyList<string> ReceivedRefreshTokens
    {
        get
        {
            lock (_lock)
            {
                return [.. _presented];
            }
        }
    }

    /// <summary>The bodies it received, in order.</summary>
    public IReadOnlyList<string> ReceivedBodies
    {
        get
        {
            lock (_lock)
            {
                return [.. _bodies];
            }
        }
    }

    /// <summary>How many refresh tokens arrived more than once.</summary>
    public int ReusedRefreshTokenCount =>
        ReceivedRefreshTokens.GroupBy(token => token, StringComparer.Ordinal).Count(group => group.Count() > 1);

    /// <summary>Issues the first tokens of a new login.</summary>
    /// <returns>The tokens, for <c>SignInAsync</c>.</returns>
    public TokenSet Issue()
    {
        lock (_lock)
        {
            var (access, refresh) = Next(new Family());
            return new TokenSet(access, refresh) { ExpiresAt = _time.GetUtcNow() + Lifetime };
        }
    }

    /// <summary>Returns whether this access token is valid now.</summary>
    /// <param name="accessToken">The token.</param>
    /// <returns>Whether it is valid.</returns>
    public bool Accepts(string accessToken)
    {
        lock (_lock)
        {
            return _accessTokens.TryGetValue(accessToken, out var expires) && _time.GetUtcNow() < expires;
        }
    }

    /// <summary>Returns whether this request has a valid access token now: <c>mockHttp.When("*").With(tokens.Accepts)</c>.</summary>
    /// <param name="request">The request that the API received.</param>
    /// <returns>Whether its token is valid.</returns>
    public bool Accepts(HttpRequestMessage request)
    {
        Require.NotNull(request, nameof(request));
        return request.Headers.Authorization?.Parameter is { } token && Accepts(token);
    }

    /// <summary>Makes all issued access tokens invalid.</summary>
    public void ExpireAccessTokens()
    {
        lock (_lock)
        {
            _accessTokens.Clear();
        }
    }

    /// <summary>Makes all issued refresh tokens invalid.</summary>
    public void RevokeRefreshTokens()
    {
        lock (_lock)
        {
            foreach (var family in _families.Values)
            {
                family.IsRevoked = true;
            }
        }
    }

    /// <summary>Refreshes as another client would. The refresh token counts as used.</summary>
    /// <param name="refreshToken">A refresh token that this server issued.</param>
    /// <returns>The new tokens of the other client.</returns>
    /// <exception cref="KeyNotFoundException">The server didn't issue this refresh token.</exception>
    public TokenSet RefreshFromAnotherClient(string refreshToken)
    {
        lock (_lock)
        {
            _used.Add(refreshToken);
            var family = _families[refreshToken];
            var (access, refresh) = Next(family);
            family.Last = (refreshToken, access, refresh);
            return new TokenSet(access, refresh) { ExpiresAt = _time.GetUtcNow() + Lifetime };
        }
    }

    /// <summary>Holds every call until the gate is opened.</summary>
    /// <returns>The gate.</returns>
    public Gate Hold() => _gate = new Gate();

    /// <summary>Opens the gate of the last <see cref="Hold"/>: calls that wait and later calls pass.</summary>
    public void Release()
    {
        var gate = _gate;
        _gate = null;
        gate?.Open();
    }

    /// <summary>
    /// Sets the response to the next call, without rotation. If the method is called again, it sets the response to the call after that.
    /// </summary>
    /// <param name="answer">Creates the response. If it returns <see langword="null"/>, the server answers as usual.</param>
    /// <returns>This server.</returns>
    public FakeTokenServer RespondOnce(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage?>> answer)
    {
        lock (_lock)
        {
            _script.Enqueue(answer);
        }

        return this;
    }

    /// <summary>Sets the response to the next call, without rotation.</summary>
    /// <param name="status">The status.</param>
    /// <param name="body">The body.</param>
    /// <param name="mediaType">The media type of the body.</param>
    /// <returns>This server.</returns>
    public FakeTokenServer RespondOnce(HttpStatusCode status, string body = "", string mediaType = "application/json") =>
        RespondOnce((_, _) => Task.FromResult<HttpResponseMessage?>(
            new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, mediaType) }));

    /// <summary>Makes the next call fail, as a broken connection does.</summary>
    /// <param name="exception">The exception that the client gets.</param>
    /// <returns>This server.</returns>
    public FakeTokenServer FailOnce(Exception exception) => RespondOnce((_, _) => Task.FromException<HttpResponseMessage?>(exception));

    /// <summary>Sets the response to all calls from now on, without rotation.</summary>
    /// <param name="answer">
    /// Creates the response. If it is <see langword="null"/> or returns <see langword="null"/>, the server answers as usual.
    /// </param>
    public void RespondAlways(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage?>>? answer) => _always = answer;

    /// <summary>Sets the response to all calls from now on, without rotation.</summary>
    /// <param name="status">The status.</param>
    /// <param name="body">The body.</param>
    public void RespondAlways(HttpStatusCode status, string body = "") =>
        RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(Json(status, body)));

    /// <summary>Asserts how many refreshes were requested.</summary>
    /// <param name="expected">The expected number of refresh requests since the server was created.</param>
    /// <exception cref="TokenAssertionException">There were more or fewer.</exception>
    public void AssertRefreshes(int expected)
    {
        var presented = ReceivedRefreshTokens;
        if (presented.Count != expected)
        {
            var received = presented.Count > 0 ? $" ({string.Join(", ", presented)})." : NoRefresh;
            throw new TokenAssertionException(string.Format(
                CultureInfo.InvariantCulture, "Expected refreshes: {0}. Received: {1}{2}", expected, presented.Count, received));
        }
    }

    /// <summary>Asserts that no refresh token arrived more than once: a strict server would sign the user out.</summary>
    /// <exception cref="TokenAssertionException">A refresh token arrived more than once.</exception>
    public void AssertNoRefreshTokenUsedTwice()
    {
        if (ReusedRefreshTokenCount > 0)
        {
            throw new TokenAssertionException("A refresh token was used twice: " + string.Join(", ", ReceivedRefreshTokens) + ".");
        }
    }
}
