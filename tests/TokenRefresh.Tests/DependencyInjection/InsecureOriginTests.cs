using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.DependencyInjection;

/// <summary>Plain http that leaves the machine: an emulator's host, a container network.</summary>
[Trait("Case", "B83")]
public sealed class InsecureOriginTests : IDisposable
{
    private const string Server = "http://10.0.2.2:8000";

    private readonly FakeTokenServer _tokens = new();
    private readonly FakeApi _api;
    private readonly CapturingLoggerProvider _logs = new();

    public InsecureOriginTests() => _api = new FakeApi(_tokens);

    [Fact]
    public async Task An_origin_that_is_named_gets_tokens_and_a_warning_at_start()
    {
        using var host = Build(Server);
        await host.StartAsync(TestContext.Current.CancellationToken);
        Assert.Single(_logs.Messages, line => line is { Level: LogLevel.Warning, EventName: "InsecureOriginsAllowed" } && line.Text.Contains(Server, StringComparison.Ordinal));
        var session = host.Services.GetRequiredService<TokenSessions>()["orders"];
        await session.SignInAsync(_tokens.Issue());
        _tokens.ExpireAccessTokens();

        Assert.Equal(HttpStatusCode.OK, await GetAsync(host, "me"));

        Assert.Equal(1, _tokens.Calls);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("http://10.0.2.2:8001/me")]
    [InlineData("http://10.0.2.3:8000/me")]
    [InlineData("https://10.0.2.2:8000/me")]
    public async Task Another_origin_gets_none(string address)
    {
        using var host = Build(Server);
        await host.Services.GetRequiredService<TokenSessions>()["orders"].SignInAsync(_tokens.Issue());

        await GetAsync(host, address);

        Assert.Null(_api.Received.Single().Token);
    }

    [Fact]
    public async Task Without_it_the_error_names_the_option()
    {
        using var host = Build(insecure: null, tokenEndpoint: "https://login.example.com/token");
        await host.Services.GetRequiredService<TokenSessions>()["orders"].SignInAsync(_tokens.Issue());

        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => GetAsync(host, "me"));

        Assert.Contains("http://10.0.2.2:8000, isn't https", failure.Message, StringComparison.Ordinal);
        Assert.Contains("add it to InsecureOrigins", failure.Message, StringComparison.Ordinal);
        Assert.Empty(_api.Received);
    }

    [Fact]
    public void A_session_made_by_hand_warns_too()
    {
        var options = new TokenRefreshOptions { TokenEndpoint = new Uri(Server + "/token"), ClientId = "shop" };
        options.InsecureOrigins.Add(new Uri(Server));
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(_logs));

        using var session = TokenSession.Create(options, new TokenSessionSettings { LoggerFactory = loggers });

        Assert.Single(_logs.Messages, line => line.EventName == "InsecureOriginsAllowed");
    }

    public void Dispose()
    {
        _tokens.Dispose();
        _api.Dispose();
        _logs.Dispose();
    }

    private static async Task<HttpStatusCode> GetAsync(IHost host, string address)
    {
        using var response = await host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders").GetAsync(new Uri(address, UriKind.RelativeOrAbsolute), TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    private IHost Build(string? insecure, string tokenEndpoint = Server + "/token")
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Orders:TokenEndpoint"] = tokenEndpoint,
            ["Orders:ClientId"] = "shop",
            ["Orders:InsecureOrigins:0"] = insecure,
        }.Where(setting => setting.Value is not null));
        _logs.Add(builder.Services);
        builder.Services.AddHttpClient("orders", http => http.BaseAddress = new Uri(Server))
            .ConfigurePrimaryHttpMessageHandler(() => _api)
            .AddTokenRefreshHandler(builder.Configuration.GetSection("Orders"));
        builder.Services.AddTokenSession("orders").TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => _tokens);
        return builder.Build();
    }
}
