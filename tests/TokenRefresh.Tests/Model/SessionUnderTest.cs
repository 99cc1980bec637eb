using System.Net;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Model;

/// <summary>The same commands, carried out by a real session over a store, its servers in memory.</summary>
internal sealed class SessionUnderTest : IAsyncDisposable
{
    private static readonly Uri Address = new("https://api.example.com/me");

    // Real time, for an event that never comes: a counterexample is tried many times.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    // In the model, a sign-in gets its tokens and saves them in one step. The server doesn't reject tokens in between.
    private readonly SemaphoreSlim _signIn = new(1, 1);
    private readonly AppClock _clock;
    private readonly FakeTokenServer _tokens;
    private readonly FakeApi _api;
    private readonly MemoryTokenStore _store;
    private TokenSession _session;
    private HttpMessageInvoker _client;
    private int _reLogins;

    public SessionUnderTest(bool hasGrace)
    {
        _clock = new AppClock(_time);
        _tokens = new FakeTokenServer(_time, hasGrace ? TokenServerMode.ReuseWithinGracePeriod : TokenServerMode.ReuseIsRejected);
        _api = new FakeApi(_tokens);
        _store = new MemoryTokenStore(_time);
        Start();
    }

    public int Calls => _tokens.Calls;

    /// <summary>Refresh tokens that were presented twice, though no answer was lost.</summary>
    public int PresentedTwice => _tokens.ReusedRefreshTokenCount;

    /// <summary>
    /// How often the login has ended. The callback runs on another thread than the request, and may come later: it is waited for.
    /// </summary>
    public async Task<int> CountReLoginsAsync(int expected)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (Volatile.Read(ref _reLogins) < expected && TimeProvider.System.GetElapsedTime(start) < Patience)
        {
            await Task.Yield();
        }

        return Volatile.Read(ref _reLogins);
    }

    public async Task<string> DoAsync(Command command)
    {
        switch (command)
        {
            case Command.Send:
                return await SendAsync(CancellationToken.None);
            case Command.SendAndCancel:
                return await SendAndCancelAsync();
            case Command.Ask:
                return await OutcomeAsync(async () => await _session.GetAccessTokenAsync() is null ? "nobody" : "a token");
            case Command.Force:
                return await OutcomeAsync(async () =>
                {
                    await _session.RefreshAsync();
                    return "a token";
                });
            case Command.Expire:
                await OneAtATimeAsync(() => Task.Run(_tokens.ExpireAccessTokens));
                break;
            case Command.Revoke:
                await OneAtATimeAsync(() => Task.Run(_tokens.RevokeRefreshTokens));
                break;
            case Command.Fail:
                _tokens.RespondOnce(HttpStatusCode.BadGateway, "").RespondOnce(HttpStatusCode.BadGateway, "").RespondOnce(HttpStatusCode.BadGateway, "");
                break;
            case Command.Cut:
                _tokens.RespondOnce(async (request, cancellationToken) =>
                {
                    var body = await request.Content!.ReadAsStringAsync(cancellationToken);
                    _tokens.RespondTo(System.Web.HttpUtility.ParseQueryString(body)["refresh_token"]!);
                    throw new HttpIOException(HttpRequestError.ResponseEnded);
                });
                break;
            case Command.SignIn:
                await OneAtATimeAsync(SignInAsync);
                break;
            case Command.SignOut:
                await _session.SignOutAsync();
                break;
            case Command.Restart:
                await _session.DisposeAsync();
                Start();
                break;
            case Command.Wait:
                _time.Advance(TimeSpan.FromMinutes(6));
                break;
            default:
                _clock.Ahead += TimeSpan.FromMinutes(command == Command.JumpAhead ? 10 : -10);
                break;
        }

        return "";
    }

    public async ValueTask DisposeAsync()
    {
        await _session.DisposeAsync();
        _client.Dispose();
        _tokens.Dispose();
        _signIn.Dispose();
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_session), nameof(_client))]
    private void Start()
    {
        var options = new TokenRefreshOptions
        {
            TokenEndpoint = new Uri("https://login.example.com/token"),
            ClientId = "shop",
            AllowedOrigins = { Address },
            MinRefreshInterval = TimeSpan.Zero,
            RefreshWindow = TimeSpan.Zero,
            OnReLoginRequired = (_, _, _) =>
            {
                Interlocked.Increment(ref _reLogins);
                return Task.CompletedTask;
            },
        };

        _session = TokenSession.Create(options, new TokenSessionSettings { TimeProvider = _clock, Store = _store, TokenEndpointHandler = _tokens });
        _client = new HttpMessageInvoker(new TokenRefreshHandler(_session) { InnerHandler = _api }, disposeHandler: false);
    }

    private Task SignInAsync()
    {
        var issued = _tokens.Issue();
        return _session.SignInAsync(new TokenSet(issued.AccessToken!, issued.RefreshToken) { ExpiresAt = _clock.GetUtcNow() + TimeSpan.FromMinutes(5) });
    }

    private async Task OneAtATimeAsync(Func<Task> step)
    {
        await _signIn.WaitAsync();
        try
        {
            await step();
        }
        finally
        {
            _signIn.Release();
        }
    }

    private Task<string> SendAsync(CancellationToken cancellationToken) => OutcomeAsync(async () =>
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Address);
        using var response = await _client.SendAsync(request, cancellationToken);
        return ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
    });

    private async Task<string> SendAndCancelAsync()
    {
        using var leaving = new CancellationTokenSource();
        var gate = _tokens.Hold();
        var sending = SendAsync(leaving.Token);
        await Task.WhenAny(sending, gate.ArrivedAsync(1));
        await leaving.CancelAsync();

        // A request that waits for the flight leaves now, while the flight is held. If the flight could end first, either would be right.
        var outcome = await sending;
        _tokens.Release();

        // The flight continues. A later request joins it, or comes after it.
        await DoAsync(Command.Ask);
        return outcome;
    }

    private static async Task<string> OutcomeAsync(Func<Task<string>> doing)
    {
        try
        {
            return await doing().WaitAsync(Gate.FailSafe, TimeProvider.System);
        }
        catch (TokenRefreshException e)
        {
            return e.Failure.ToString();
        }
        catch (OperationCanceledException)
        {
            return "cancelled";
        }
        catch (InvalidOperationException)
        {
            return "nobody";
        }
    }

    /// <summary>A wall clock that may be wrong, and on which the pauses between attempts take no time.</summary>
    private sealed class AppClock(FakeTimeProvider right) : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override long TimestampFrequency => right.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => right.GetUtcNow() + Ahead;

        public override long GetTimestamp() => right.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            right.CreateTimer(callback, state, dueTime < TimeSpan.FromSeconds(1.5) && dueTime > TimeSpan.Zero ? TimeSpan.Zero : dueTime, period);
    }
}
