using System.Globalization;
using System.Net;
using System.Text;

namespace TokenRefresh.Testing;

/// <summary>
/// A token endpoint in memory that rotates like a real one. Tokens are numbered: <c>access-1</c>, <c>refresh-1</c>, <c>access-2</c> …
/// What counts is what it received.
/// </summary>
/// <param name="timeProvider">
/// Its clock: give it the app's own, so that both agree when a token expires. The system's, if <see langword="null"/>.
/// </param>
/// <param name="mode">How it speaks, and what becomes of a refresh token that was used before.</param>
public sealed partial class FakeTokenServer(TimeProvider? timeProvider = null, TokenServerMode mode = TokenServerMode.Strict)
    : HttpMessageHandler
{
    private const string NoRefresh = ". Check that the session is signed in, that the API answered 401, and that the last refresh is "
        + "older than "
        + "MinRefreshInterval. response.GetTokenRefreshOutcome() says why a 401 was returned.";

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

    /// <summary>How long access tokens live.</summary>
    /// <value>The default is 5 minutes. <see langword="null"/>: answers say nothing of it, and they live until they are expired.</value>
    public TimeSpan? Lifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How many calls it received.</summary>
    public int Calls
    {
        get
        {
            lock (_lock)
            {
                return _presented.Count;
            }
        }
    }

    /// <summary>The most calls that were under way at once.</summary>
    public int PeakInFlight { get; private set; }

    /// <summary>The refresh tokens it received, in order.</summary>
    public IReadOnlyList<string> Presented
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
    public IReadOnlyList<string> Bodies
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
    public int PresentedTwice => Presented.GroupBy(token => token, StringComparer.Ordinal).Count(group => group.Count() > 1);

    /// <summary>Signs somebody in: the first tokens of a new family.</summary>
    public TokenSet Issue()
    {
        lock (_lock)
        {
            var (access, refresh) = Next(new Family());
            return new TokenSet(access, refresh) { ExpiresAt = _time.GetUtcNow() + Lifetime };
        }
    }

    /// <summary>Whether an API should take this access token now.</summary>
    /// <param name="accessToken">The token.</param>
    public bool Accepts(string accessToken)
    {
        lock (_lock)
        {
            return _accessTokens.TryGetValue(accessToken, out var expires) && _time.GetUtcNow() < expires;
        }
    }

    /// <summary>Whether an API should take this request now: <c>mockHttp.When("*").With(tokens.Accepts)</c>.</summary>
    /// <param name="request">A request as it arrives.</param>
    public bool Accepts(HttpRequestMessage request)
    {
        Require.NotNull(request, nameof(request));
        return request.Headers.Authorization?.Parameter is { } token && Accepts(token);
    }

    /// <summary>From now on the API refuses every access token that is out.</summary>
    public void ExpireAccessTokens()
    {
        lock (_lock)
        {
            _accessTokens.Clear();
        }
    }

    /// <summary>From now on every refresh token that is out is dead.</summary>
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

    /// <summary>Rotates as if another client had refreshed, and gives what that one got.</summary>
    /// <param name="refreshToken">One that this server gave.</param>
    public TokenSet RotateElsewhere(string refreshToken)
    {
        lock (_lock)
        {
            _used.Add(refreshToken);
            var (access, refresh) = Next(_families[refreshToken]);
            return new TokenSet(access, refresh) { ExpiresAt = _time.GetUtcNow() + Lifetime };
        }
    }

    /// <summary>Holds every call until the gate is opened.</summary>
    public Gate Hold() => _gate = new Gate();

    /// <summary>Lets calls pass again, those at the gate too.</summary>
    public void Release()
    {
        var gate = _gate;
        _gate = null;
        gate?.Open();
    }

    /// <summary>Answers the next call so, without rotating. Calls after one another are answered one after another.</summary>
    /// <param name="answer">Gives the answer; a <see langword="null"/> answer: as always.</param>
    public FakeTokenServer Next(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage?>> answer)
    {
        lock (_lock)
        {
            _script.Enqueue(answer);
        }

        return this;
    }

    /// <summary>Answers the next call so, without rotating.</summary>
    /// <param name="status">The status.</param>
    /// <param name="body">The body.</param>
    /// <param name="mediaType">What the body is.</param>
    public FakeTokenServer Next(HttpStatusCode status, string body = "", string mediaType = "application/json") =>
        Next((_, _) => Task.FromResult<HttpResponseMessage?>(
            new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, mediaType) }));

    /// <summary>Fails the next call as a broken connection does.</summary>
    /// <param name="exception">What the client gets to see.</param>
    public FakeTokenServer NextThrows(Exception exception) => Next((_, _) => Task.FromException<HttpResponseMessage?>(exception));

    /// <summary>Answers every call so from now on, without rotating.</summary>
    /// <param name="answer">Gives the answer; <see langword="null"/> from it, or instead of it: as always.</param>
    public void Always(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage?>>? answer) => _always = answer;

    /// <summary>Answers every call so from now on, without rotating.</summary>
    /// <param name="status">The status.</param>
    /// <param name="body">The body.</param>
    public void Always(HttpStatusCode status, string body = "") =>
        Always((_, _) => Task.FromResult<HttpResponseMessage?>(Json(status, body)));

    /// <summary>Asserts how many refreshes were asked for.</summary>
    /// <param name="expected">How many.</param>
    /// <exception cref="TokenAssertionException">There were more or fewer.</exception>
    public void AssertRefreshes(int expected)
    {
        var presented = Presented;
        if (presented.Count != expected)
        {
            var received = presented.Count > 0 ? $" ({string.Join(", ", presented)})." : NoRefresh;
            throw new TokenAssertionException(string.Format(
                CultureInfo.InvariantCulture, "Expected refreshes: {0}. Received: {1}{2}", expected, presented.Count, received));
        }
    }

    /// <summary>Asserts that no refresh token was used more than once: at a server that rotates, that signs the user out.</summary>
    /// <exception cref="TokenAssertionException">One was.</exception>
    public void AssertNoRefreshTokenUsedTwice()
    {
        if (PresentedTwice > 0)
        {
            throw new TokenAssertionException("A refresh token was used twice: " + string.Join(", ", Presented) + ".");
        }
    }
}
