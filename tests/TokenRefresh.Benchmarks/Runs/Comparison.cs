using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Reflection;
using System.Runtime.InteropServices;
using Duende.IdentityModel.OidcClient;
using TokenRefresh.Benchmarks.Yardsticks;

namespace TokenRefresh.Benchmarks.Runs;

/// <summary>
/// What each contender does where a refresh can go wrong, on the same servers: an API on a loopback port, and a token endpoint that
/// rotates and takes 50 ms. The table has what the servers received and what the callers got.
/// </summary>
internal static class Comparison
{
    private const int BodySize = 1024;
    private static readonly Uri Endpoint = new("https://login.example.com/token");
    private static readonly TimeSpan TokenCall = TimeSpan.FromMilliseconds(50);

    private delegate Task<HttpClient> Create(HttpMessageHandler api, FakeTokenServer tokens, Uri address, TokenSet login);

    /// <summary>A table, as Markdown: what happened, by contender.</summary>
    public static async Task<string> RunAsync(bool isSmoke)
    {
        var (requests, rounds) = isSmoke ? (20, 1) : (200, 3);
        (string Name, Create Create)[] contenders =
        [
            ("TokenRefresh", (api, tokens, address, login) => TokenRefreshAsync(api, tokens, address, login, bufferSize: 0)),
            ("textbook semaphore", (api, tokens, _, login) => Task.FromResult(Textbook(api, tokens, login))),
            ("OidcClient " + VersionOf(typeof(OidcClient)), (api, tokens, _, login) => Task.FromResult(Oidc(api, tokens, login))),
        ];
        var lines = new List<string>
        {
            $"{TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}, {rounds} rounds.",
            "",
            "| | " + string.Join(" | ", contenders.Select(contender => contender.Name)) + " |",
            "|---|" + string.Concat(contenders.Select(_ => "---|")),
        };
        await AddAsync("one request, its token expired", create => StormAsync(create, 1, isDead: false));
        await AddAsync($"{requests} requests, all answered 401 at once", create => StormAsync(create, requests, isDead: false));
        lines.Add($"| the same with OidcClient's `Timeout` of 5 minutes | no such option | no such option | {await StormAsync(PatientOidcAsync, requests, isDead: false)} |");
        await AddAsync($"{requests} requests, all answered 401 at once, and the refresh token is no longer valid", create => StormAsync(create, requests, isDead: true));
        await AddAsync("the next request after that", NextAfterDeathAsync);
        await AddAsync("the request that started the refresh is cancelled after the server issued new tokens: the next request", CancelledAsync);
        await AddAsync("a redirect to another host, which answers 401", RedirectAsync);
        await AddAsync($"a one-shot stream of {BodySize} bytes, answered 401", OneShotAsync);
        lines.Add($"| the same with `MaxReplayBufferSize` | {await OneShotAsync((api, tokens, address, login) => TokenRefreshAsync(api, tokens, address, login, BodySize))} | no such option | no such option |");
        return string.Join('\n', lines);

        async Task AddAsync(string what, Func<Create, Task<Result>> run)
        {
            var cells = new List<string>();
            foreach (var (_, create) in contenders)
            {
                var results = new List<Result>();
                for (var round = 0; round < rounds; round++)
                {
                    results.Add(await run(create));
                }

                cells.Add(Result.Describe(results));
            }

            lines.Add($"| {what} | {string.Join(" | ", cells)} |");
            Console.WriteLine(lines[^1]);
        }
    }

    /// <summary>All of them reach the API with the same token, and are then refused at once.</summary>
    private static async Task<Result> StormAsync(Create create, int requests, bool isDead)
    {
        await using var scene = await Scene.StartAsync(create);
        return await scene.StormAsync(requests, isDead);
    }

    private static async Task<Result> NextAfterDeathAsync(Create create)
    {
        await using var scene = await Scene.StartAsync(create);
        await scene.StormAsync(1, isDead: true);
        var before = scene.Tokens.Calls;
        var outcome = await scene.GetAsync();
        return new Result(scene.Tokens.Calls - before, [outcome]);
    }

    /// <summary>The server has rotated and its answer is on the way when the caller gives up.</summary>
    private static async Task<Result> CancelledAsync(Create create)
    {
        await using var scene = await Scene.StartAsync(create);
        var answer = new Gate();
        scene.Tokens.RespondOnce(async (_, cancellationToken) =>
        {
            var rotated = scene.Tokens.RespondTo("refresh-1");
            await answer.PassAsync(cancellationToken);
            return rotated;
        });
        scene.Tokens.ExpireAccessTokens();
        using var cancellation = new CancellationTokenSource();
        var first = scene.GetAsync(cancellationToken: cancellation.Token);
        await answer.ArrivedAsync(1);
        await cancellation.CancelAsync();
        await first;
        answer.Open();

        var outcome = await scene.GetAsync();
        var sent = scene.Tokens.ReceivedRefreshTokens.Count(token => token == "refresh-1");
        return new Result(scene.Tokens.Calls, [outcome], sent == 1 ? "the new tokens were kept" : $"the new tokens were lost, and the used refresh token was sent twice");
    }

    private static async Task<Result> RedirectAsync(Create create)
    {
        await using var scene = await Scene.StartAsync(create);
        await using var other = await GuardedServer.StartAsync(new FakeTokenServer());
        scene.Api.Target = new Uri(other.Address, "/me");

        var outcome = await scene.GetAsync("/redirect");
        var given = other.Authorizations.Where(header => header is not null).Distinct().ToArray();
        return new Result(scene.Tokens.Calls, [outcome], given.Length == 0 ? "the other host got no token" : $"the other host got a token ({string.Join(", ", given)})");
    }

    private static async Task<Result> OneShotAsync(Create create)
    {
        await using var scene = await Scene.StartAsync(create);
        scene.Tokens.ExpireAccessTokens();
        using var content = new StreamContent(PipeReader.Create(new ReadOnlySequence<byte>(new byte[BodySize])).AsStream());
        content.Headers.ContentLength = BodySize;

        var outcome = await scene.SendAsync(new HttpRequestMessage(HttpMethod.Post, new Uri(scene.Api.Address, "/me")) { Content = content });
        var bodies = string.Join(" and ", scene.Api.Bodies.Select(length => $"{length} bytes"));
        var next = await scene.GetAsync();
        return new Result(scene.Tokens.Calls, [outcome], $"the API got {bodies}; the next request: {next}");
    }

    private static async Task<HttpClient> TokenRefreshAsync(HttpMessageHandler api, FakeTokenServer tokens, Uri address, TokenSet login, int bufferSize)
    {
        var options = new TokenRefreshOptions { TokenEndpoint = Endpoint, ClientId = "shop", AllowedOrigins = { address }, MaxReplayBufferSize = bufferSize };
        var session = TokenSession.Create(options, new TokenSessionSettings { TokenEndpointHandler = tokens });
        await session.SignInAsync(new TokenSet(login.AccessToken, login.RefreshToken));
        return new HttpClient(new TokenRefreshHandler(session) { InnerHandler = api });
    }

    private static HttpClient Textbook(HttpMessageHandler api, FakeTokenServer tokens, TokenSet login) =>
        new(new TextbookHandler(login.AccessToken, new TextbookRefresh(tokens, Endpoint, login.RefreshToken!).RefreshAsync) { InnerHandler = api });

    private static Task<HttpClient> PatientOidcAsync(HttpMessageHandler api, FakeTokenServer tokens, Uri address, TokenSet login) =>
        Task.FromResult(Oidc(api, tokens, login, TimeSpan.FromMinutes(5)));

    // A login returns this handler as LoginResult.RefreshTokenHandler. The provider's addresses are set, as discovery sets them.
    private static HttpClient Oidc(HttpMessageHandler api, FakeTokenServer tokens, TokenSet login, TimeSpan? timeout = null)
    {
        var options = new OidcClientOptions
        {
            Authority = "https://login.example.com",
            ClientId = "shop",
            RedirectUri = "https://app.example.com",
            BackchannelHandler = tokens,
            ProviderInformation = new ProviderInformation
            {
                IssuerName = "https://login.example.com",
                AuthorizeEndpoint = "https://login.example.com/authorize",
                TokenEndpoint = Endpoint.ToString(),
                KeySet = new Duende.IdentityModel.Jwk.JsonWebKeySet(),
            },
        };
        var handler = new RefreshTokenDelegatingHandler(new OidcClient(options), login.AccessToken, login.RefreshToken, innerHandler: api);
        handler.Timeout = timeout ?? handler.Timeout;
        return new HttpClient(handler);
    }

    private static string VersionOf(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>The servers, and one client that is signed in.</summary>
    private sealed class Scene(FakeTokenServer tokens, GuardedServer api, HttpClient client) : IAsyncDisposable
    {
        public FakeTokenServer Tokens => tokens;

        public GuardedServer Api => api;

        public static async Task<Scene> StartAsync(Create create)
        {
            var tokens = new FakeTokenServer();
            tokens.RespondAlways(async (_, cancellationToken) =>
            {
                await Task.Delay(TokenCall, TimeProvider.System, cancellationToken);
                return null;
            });
            var api = await GuardedServer.StartAsync(tokens);
            return new Scene(tokens, api, await create(new SocketsHttpHandler(), tokens, api.Address, tokens.Issue()));
        }

        public async Task<Result> StormAsync(int requests, bool isDead)
        {
            var gate = api.Hold();
            var sending = Enumerable.Range(0, requests).Select(_ => GetAsync()).ToArray();
            await gate.ArrivedAsync(requests);
            tokens.ExpireAccessTokens();
            if (isDead)
            {
                tokens.RevokeRefreshTokens();
            }

            gate.Open();
            var outcomes = await Task.WhenAll(sending);
            return new Result(tokens.Calls, outcomes);
        }

        public Task<string> GetAsync(string path = "/me", CancellationToken cancellationToken = default) =>
            SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(api.Address, path)), cancellationToken);

        /// <summary>What the caller got: a status, or an exception.</summary>
        public async Task<string> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken = default)
        {
            try
            {
                using var response = await client.SendAsync(request, cancellationToken);
                return ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
            }
            catch (Exception e)
            {
                return e.GetType().Name;
            }
        }

        public async ValueTask DisposeAsync()
        {
            client.Dispose();
            await api.DisposeAsync();
        }
    }

    /// <summary>Calls of the token endpoint, the results of the callers, and other remarks.</summary>
    private sealed record Result(int Calls, string[] Outcomes, string Note = "")
    {
        /// <summary>One text for all rounds; where they differ, from the least to the most.</summary>
        public static string Describe(IReadOnlyList<Result> rounds)
        {
            var outcomes = rounds.SelectMany(round => round.Outcomes).Distinct().Order(StringComparer.Ordinal)
                .Select(outcome => (Outcome: outcome, Count: Range(rounds.Select(round => round.Outcomes.Count(other => other == outcome)))))
                .Select(pair => pair.Count == "1" ? pair.Outcome : $"{pair.Count} × {pair.Outcome}");
            var calls = Range(rounds.Select(round => round.Calls));
            var notes = rounds.Select(round => round.Note).Where(note => note.Length > 0).Distinct();
            return $"{calls} {(calls == "1" ? "refresh" : "refreshes")}; {string.Join(", ", outcomes)}{string.Concat(notes.Select(note => "; " + note))}";
        }

        public override string ToString() => Describe([this]);

        private static string Range(IEnumerable<int> values) =>
            (values.Min(), values.Max()) is var (least, most) && least == most ? $"{most}" : $"{values.Min()} to {values.Max()}";
    }
}
