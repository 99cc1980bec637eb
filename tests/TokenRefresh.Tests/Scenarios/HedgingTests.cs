using System.Net;
using System.Net.Http.Json;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>AddStandardHedgingHandler around the handler and inside it: copies of one request are under way at once.</summary>
[Trait("Case", "C31")]
public sealed class HedgingTests : IAsyncDisposable
{
    private const int Attempts = 3;

    private readonly FakeTokenServer _tokens = new();
    private readonly FakeApi _api;
    private ServiceProvider? _services;

    public HedgingTests() => _api = new FakeApi(_tokens);

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Attempts_at_once_that_are_all_refused_cost_one_refresh(bool isOutside, bool hasContent)
    {
        var client = await CreateAsync(isOutside);
        var gate = _api.Hold();
        using var request = new HttpRequestMessage(HttpMethod.Post, "me") { Content = hasContent ? JsonContent.Create(new { Name = "Ada" }) : null };
        var sending = client.SendAsync(request, TestContext.Current.CancellationToken);
        await gate.ArrivedAsync(Attempts);

        _tokens.ExpireAccessTokens();
        _api.Release();
        using var response = await sending.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["refresh-1"], _tokens.ReceivedRefreshTokens);
        Assert.All(_api.Received, received => Assert.Equal(hasContent ? """{"name":"Ada"}""" : "", Encoding.UTF8.GetString(received.Body)));
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
        {
            await _services.DisposeAsync();
        }

        _api.Dispose();
        _tokens.Dispose();
    }

    private async Task<HttpClient> CreateAsync(bool isOutside)
    {
        var services = new ServiceCollection();
        var client = services.AddHttpClient(TestApp.Name, http => http.BaseAddress = new Uri("https://api.example.com/"))
            .ConfigurePrimaryHttpMessageHandler(() => _api);
        if (isOutside)
        {
            AddHedging(client);
        }

        client.AddTokenRefreshHandler(options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.ClientId = "shop";
        });
        if (!isOutside)
        {
            AddHedging(client);
        }

        services.AddTokenSession(TestApp.Name).TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => _tokens);
        _services = services.BuildServiceProvider();
        await _services.GetRequiredService<TokenSessions>()[TestApp.Name].SignInAsync(_tokens.Issue());
        return _services.GetRequiredService<IHttpClientFactory>().CreateClient(TestApp.Name);
    }

    private static void AddHedging(IHttpClientBuilder client) => client.AddStandardHedgingHandler().Configure(options =>
    {
        options.Hedging.Delay = TimeSpan.Zero;
        options.Hedging.MaxHedgedAttempts = Attempts - 1;
    });
}
