using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>No token, secret or body leaves except in the requests that carry it.</summary>
[Trait("Case", "C42")]
public sealed class SecretLeakTests
{
    private const string ClientSecret = "client-kanarie";

    // What is sent, what comes back, and what stands around it in the bodies.
    private static readonly string[] Secrets =
    [
        "access-1", "refresh-1", "access-2", "refresh-2", "access-9", "refresh-9", ClientSecret, "kanarie", "Nobody reads", "Le jeton", "<html", "evil.example.com",
    ];

    [Theory]
    [MemberData(nameof(EndpointAnswers.Names), MemberType = typeof(EndpointAnswers))]
    public async Task Whatever_the_token_endpoint_answers_nothing_leaks(string name)
    {
        var row = EndpointAnswers.Get(name);
        using var watch = new CanaryWatch();
        await using var scene = await SetAsync(watch, row.Mode);
        scene.App.Tokens.RespondAlways((_, _) => Task.FromResult<HttpResponseMessage?>(row.Answer()));

        var held = await scene.HoldAndExpireAsync(3);
        See(watch, scene, held);
        See(watch, scene, [await Scene.Result.OfAsync(scene.App.GetAsync())]);
        watch.See(await Record.ExceptionAsync(() => scene.App.Session.RefreshAsync()));
        watch.See(await Record.ExceptionAsync(() => scene.App.Session.GetAccessTokenAsync()));

        watch.AssertSilentOn(Secrets);
    }

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(HttpRequestException))]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(TimeoutException))]
    [InlineData(typeof(OperationCanceledException))]
    public async Task An_endpoint_that_throws_what_it_knows_is_not_quoted(Type type)
    {
        using var watch = new CanaryWatch();
        await using var scene = await SetAsync(watch, services: services => services
            .AddTokenSession(TestApp.Name)
            .UseEndpoint(_ => new Endpoint(request => throw (Exception)Activator.CreateInstance(type, $"kanarie {request.RefreshToken}")!)));

        See(watch, scene, await scene.HoldAndExpireAsync(3));

        watch.AssertSilentOn(Secrets);
    }

    [Fact]
    public async Task Subscribers_callbacks_and_pipelines_that_throw_are_not_quoted()
    {
        using var watch = new CanaryWatch();
        await using var scene = await SetAsync(watch, configure: options =>
        {
            options.OnReLoginRequired = (_, _, _) => throw new InvalidOperationException("kanarie");
            options.ReLoginResult = ReLoginResult.Throw;
        });
        scene.App.Session.ReLoginRequired += (_, _) => throw new InvalidOperationException("kanarie");
        scene.App.Session.TokensRefreshed += (_, _) => throw new InvalidOperationException("kanarie");
        await scene.App.Session.RefreshAsync();
        scene.App.Tokens.RevokeRefreshTokens();
        See(watch, scene, [new Scene.Result(null, await Record.ExceptionAsync(() => scene.App.Session.RefreshAsync()))]);
        await scene.WaitForEventAsync();

        watch.AssertSilentOn(Secrets);
    }

    [Fact]
    public async Task A_pipeline_of_the_users_that_throws_is_not_quoted()
    {
        using var watch = new CanaryWatch();
        await using var scene = await SetAsync(watch, configure: options => options.ConfigureRefreshPipeline = pipeline =>
            Polly.RetryResiliencePipelineBuilderExtensions.AddRetry(pipeline, new Polly.Retry.RetryStrategyOptions<TokenEndpointResult>
            {
                ShouldHandle = _ => throw new InvalidOperationException("kanarie"),
            }));

        See(watch, scene, await scene.HoldAndExpireAsync(3));

        watch.AssertSilentOn(Secrets);
    }

    [Fact]
    public async Task A_store_and_a_protector_that_throw_are_not_quoted()
    {
        using var watch = new CanaryWatch();
        await using var app = TestApp.Create(services: services =>
        {
            watch.Add(services);
            services.AddTokenSession(TestApp.Name).UseStore(new TextStore()).UseProtector(_ => new Protector());
        });
        watch.See(await Record.ExceptionAsync(() => app.Session.SignInAsync(new TokenSet("access-1", "refresh-1"))));
        watch.See(await Record.ExceptionAsync(() => app.GetAsync()));
        watch.See(await Record.ExceptionAsync(() => app.Session.SignOutAsync()));

        watch.AssertSilentOn(Secrets);
    }

    [Fact]
    public async Task No_log_metric_or_activity_names_a_user()
    {
        using var watch = new CanaryWatch();
        await using var scene = await SetAsync(watch);
        var session = scene.App.Sessions[TestApp.Name, "kanarie"];
        await session.SignInAsync(scene.App.Tokens.Issue());
        await session.RefreshAsync();
        scene.App.Tokens.RespondOnce(HttpStatusCode.BadRequest, """{"error":"invalid_client"}""");
        await Assert.ThrowsAsync<TokenRefreshException>(() => session.RefreshAsync());
        scene.App.Tokens.RevokeRefreshTokens();
        await Assert.ThrowsAsync<TokenRefreshException>(() => session.RefreshAsync());

        watch.AssertSilentOn("kanarie");
    }

    [Fact]
    public async Task What_a_debugger_or_a_careless_log_line_shows_holds_no_secret()
    {
        var key = new TokenSessionKey("orders");
        var tokens = new TokenSet("access-1", "refresh-1") { Scope = "all", Scheme = "Bearer" };
        var options = new TokenRefreshOptions { ClientId = "shop", ClientSecret = ClientSecret, TokenEndpoint = new Uri("https://login.example.com/token?key=kanarie") };
        await using var session = TokenSession.Create(options);
        await session.SignInAsync(tokens);
        var saved = new TokenCodec(key, protector: null).Write(tokens);
        var record = new LoginRecord { State = LoginState.SignedIn, Tokens = saved };
        var text = LoginRecordText.Write(record);
        object[] all =
        [
            tokens, options, session, session.Context.Current, record, new StoredRecord(text, "1", TimeSpan.Zero),
            StoredText.New(text, null, DateTimeOffset.UnixEpoch), HeldLogin.SignedIn("a", 1, tokens, null, TimeSpan.Zero),
            new LoginStoreResult(LoginStatus.Newer, record) { Tokens = tokens, Replaced = tokens }, new LoginDecision(LoginStatus.Succeeded, record),
            new TokenEndpointRequest(key, "refresh-1", "all"),
            TokenEndpointResult.Succeeded(tokens), TokenEndpointResult.RefreshTokenOnly("refresh-9"),
            TokenEndpointResult.Misconfigured("x", newRefreshToken: "refresh-9"),
            TokenRefresh.Protocol.TokenFields.Read("""{"access_token":"access-1"}"""u8)!,
            new TokenRefresh.Protocol.TokenResponse(200) { Fields = TokenRefresh.Protocol.TokenFields.Read("""{"access_token":"access-1"}"""u8) },
        ];

        foreach (var shown in all)
        {
            Assert.All(Secrets, secret => Assert.DoesNotContain(secret, shown.ToString(), StringComparison.OrdinalIgnoreCase));
        }
    }

    [Fact]
    public void Every_public_type_that_carries_a_secret_shows_its_own_words()
    {
        string[] secret = ["AccessToken", "RefreshToken", "NewRefreshToken", "ClientSecret", "Tokens", "Value"];

        var carriers = typeof(TokenSession).Assembly.GetExportedTypes()
            .Where(type => !type.IsEnum && type.GetProperties().Any(property => secret.Contains(property.Name)))
            .ToList();

        Assert.NotEmpty(carriers);
        Assert.All(carriers, type => Assert.NotEqual(typeof(object), type.GetMethod(nameof(ToString), Type.EmptyTypes)!.DeclaringType));
        Assert.All(
            carriers.SelectMany(type => type.GetCustomAttributes(typeof(System.Diagnostics.DebuggerDisplayAttribute), inherit: false)),
            display => Assert.Matches(@"^(\{ToString\(\),nq\}|\[[a-z ]+\])$", ((System.Diagnostics.DebuggerDisplayAttribute)display).Value));
    }

    private static Task<Scene> SetAsync(
        CanaryWatch watch, TokenServerMode mode = TokenServerMode.ReuseIsRejected, Action<TokenRefreshOptions>? configure = null, Action<IServiceCollection>? services = null) =>
        Scene.SetAsync(
            mode,
            options =>
            {
                options.ClientSecret = ClientSecret;
                options.ExtraParameters["audience"] = "kanarie";
                configure?.Invoke(options);
            },
            collection =>
            {
                watch.Add(collection);
                services?.Invoke(collection);
            });

    private static void See(CanaryWatch watch, Scene scene, IEnumerable<Scene.Result> results)
    {
        foreach (var result in results)
        {
            watch.See(result.Exception);
        }

        foreach (var args in scene.App.ReLogins.Cast<EventArgs>().Concat(scene.App.Refreshes))
        {
            watch.See(args);
        }

        watch.See(scene.App.Session);
    }

    private sealed class Endpoint(Func<TokenEndpointRequest, TokenEndpointResult> answer) : ITokenEndpoint
    {
        public Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken) => Task.FromResult(answer(request));
    }

    private sealed class TextStore : LocalTokenStore
    {
        protected override ValueTask<string?> ReadTextAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("kanarie");

        protected override ValueTask WriteTextAsync(TokenSessionKey key, string text, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("kanarie " + text);

        protected override ValueTask RemoveTextAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
            throw new HttpRequestException("kanarie");
    }

    private sealed class Protector : ITokenProtector
    {
        public string Protect(TokenSessionKey key, string plaintext) => throw new InvalidOperationException("kanarie " + plaintext);

        public string Unprotect(TokenSessionKey key, string protectedText) => throw new InvalidOperationException("kanarie");
    }
}
