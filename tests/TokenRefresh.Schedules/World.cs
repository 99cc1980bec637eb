using System.Net;
using Microsoft.Coyote.Specifications;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Schedules;

/// <summary>One app, its server and its store, in one schedule. Ann is signed in, and the API refuses her first access token.</summary>
internal sealed class World
{
    private readonly HttpMessageInvoker _client;
    private readonly Func<Task<TokenSet?>>? _reLogin;
    private long _version;

    private World(bool isSaved, Func<Task<TokenSet?>>? reLogin)
    {
        _reLogin = reLogin;
        Store = isSaved ? new WatchedStore(Time) : null;
        Session = NewSession(Store);
        _client = ClientOf(Session);
        Server.IsSaved = isSaved ? token => Store!.HasSaved(token) : null;
        Server.Watch = () =>
        {
            if (!isSaved)
            {
                // Without a store, versions order nothing.
                return;
            }

            var version = Session.Context.Current.Version;
            Specification.Assert(version >= _version, "The session went back to an older generation.");
            _version = version;
        };
    }

    public RotatingServer Server { get; } = new();

    public ManualTime Time { get; } = new();

    public WatchedStore? Store { get; }

    public TokenSession Session { get; }

    public Func<TokenSession, ReLoginRequiredEventArgs, CancellationToken, Task>? OnReLoginRequired { get; set; }

    public static async Task<World> SetAsync(bool isSaved, Func<Task<TokenSet?>>? reLogin = null)
    {
        var world = new World(isSaved, reLogin);
        await world.Session.SignInAsync(RotatingServer.TokensOf("ann"));
        world.Server.Expire("ann-access-1");
        return world;
    }

    /// <summary>Another process on the same store.</summary>
    public TokenSession NewSession(ITokenStore? store)
    {
        var options = new TokenRefreshOptions { AllowedOrigins = { new Uri("https://api.test") }, MinRefreshInterval = TimeSpan.Zero };
        options.ConfigureRefreshPipeline = _ => { };
        options.SignInInteractively = _reLogin is null ? null : (_, _) => _reLogin();
        options.OnReLoginRequired = (session, e, stopping) => OnReLoginRequired?.Invoke(session, e, stopping) ?? Task.CompletedTask;
        return TokenSession.Create(options, new TokenSessionSettings { TimeProvider = Time, Store = store, TokenEndpoint = Server, AllowUnencryptedStore = true });
    }

    public HttpMessageInvoker ClientOf(TokenSession session) => new(new TokenRefreshHandler(session) { InnerHandler = Server });

    /// <summary>Sends one request on a task of its own.</summary>
    public Task<HttpStatusCode> SendAsync(CancellationToken cancellationToken = default) => SendAsync(_client, cancellationToken);

    public static Task<HttpStatusCode> SendAsync(HttpMessageInvoker client, CancellationToken cancellationToken = default) => Task.Run(async () =>
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://api.test/orders");
        using var response = await client.SendAsync(request, cancellationToken);
        return response.StatusCode;
    });

    public Task<HttpStatusCode[]> BurstAsync(int count = 3, HttpMessageInvoker? client = null)
    {
        var requests = new List<Task<HttpStatusCode>>();
        for (var i = 0; i < count; i++)
        {
            requests.Add(SendAsync(client ?? _client));
        }

        return Task.WhenAll(requests);
    }

    /// <summary>Drains the session. What it was last must be what the store has.</summary>
    public async Task EndAsync()
    {
        await Session.DisposeAsync();
        Server.Watch();
        if (Store is null)
        {
            return;
        }

        var record = Store.Peek(new TokenSessionKey("default"));
        var current = Session.Context.Current;
        Specification.Assert(record?.Version == current.Version, $"The store is at version {record?.Version}, the session at {current.Version}.");
        var saved = record?.Tokens is { } tokens ? new TokenCodec(new TokenSessionKey("default"), protector: null).Read(tokens).AccessToken : null;
        var used = (current as SignedInSnapshot)?.Tokens.AccessToken;
        Specification.Assert(saved == used, $"The store has {saved}, the session {used}.");
    }

    public static void AllSucceed(params HttpStatusCode[] statuses) =>
        Specification.Assert(Array.TrueForAll(statuses, s => s == HttpStatusCode.OK), "A request wasn't repaired: " + string.Join(", ", statuses));

    public static async Task EndOrCancelAsync(Task request)
    {
        try
        {
            await request;
        }
        catch (OperationCanceledException)
        {
            // It left before it had its answer.
        }
    }

    public static async Task FailsAsync(Task request, TokenRefreshFailure kind)
    {
        try
        {
            await request;
        }
        catch (TokenRefreshException e) when (e.Failure == kind)
        {
            return;
        }

        Specification.Assert(false, "A request didn't hear of the failure.");
    }

    public static async Task EndsOrIsDisposedAsync(Task request)
    {
        try
        {
            await request;
        }
        catch (ObjectDisposedException)
        {
            // It asked when disposal had begun.
        }
    }
}
