using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>An outer handler sends the same request again: it gets a valid token, and our token reaches no other host or user.</summary>
public sealed class OuterHandlerTests
{
    [Fact]
    [Trait("Case", "C39")]
    public async Task A_follower_outside_the_handler_takes_no_token_to_another_host()
    {
        await using var app = TestApp.Create(options => options.AllowedOrigins.Add(new Uri("https://api.example.com")));
        await app.SignInAsync();
        using var server = new Server(request => request.RequestUri!.Host == "api.example.com"
            ? new HttpResponseMessage(HttpStatusCode.Redirect) { Headers = { Location = new Uri("https://elsewhere.example.net/") } }
            : new HttpResponseMessage(HttpStatusCode.OK));
        using var client = new HttpClient(new Follower { InnerHandler = new TokenRefreshHandler(app.Session) { InnerHandler = server } });

        using var response = await client.GetAsync(new Uri("https://api.example.com/me"));

        Assert.Equal([("api.example.com", "Bearer access-1"), ("elsewhere.example.net", (string?)null)], server.Received);
    }

    [Fact]
    [Trait("Case", "C46")]
    public async Task A_request_whose_user_is_gone_at_the_second_attempt_is_sent_without_a_token()
    {
        string? user = "a";
        using var server = new Server(_ => new HttpResponseMessage(user is null ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable));
        await using var app = TestApp.Create(options => options.UserKey = (_, _) => user, services =>
            services.AddHttpClient(TestApp.Name).ConfigurePrimaryHttpMessageHandler(() => server)
                .ConfigureAdditionalHttpMessageHandlers((handlers, _) => handlers.Insert(0, new Again(() => user = null))));
        await app.Sessions[TestApp.Name, "a"].SignInAsync(app.Tokens.Issue());

        using var response = await app.GetAsync();

        Assert.Equal(["Bearer access-1", null], server.Received.Select(received => received.Authorization));
    }

    [Fact]
    [Trait("Case", "C31")]
    public async Task A_request_that_polls_outside_the_handler_gets_a_fresh_token()
    {
        await using var app = TestApp.Create(options => options.AllowedOrigins.Add(new Uri("https://api.example.com")));
        await app.SignInAsync();
        var calls = 0;
        using var server = new Server(request => ++calls == 1 ? new HttpResponseMessage(HttpStatusCode.Accepted)
            : request.Headers.Authorization!.Parameter == "access-1" ? new HttpResponseMessage(HttpStatusCode.Unauthorized)
            : new HttpResponseMessage(HttpStatusCode.OK));
        using var client = new HttpClient(new Poller(() => app.Session.RefreshAsync()) { InnerHandler = new TokenRefreshHandler(app.Session) { InnerHandler = server } });

        using var response = await client.GetAsync(new Uri("https://api.example.com/me"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private sealed class Server(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        public List<(string Host, string? Authorization)> Received { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Received.Add((request.RequestUri!.Host, request.Headers.NonValidated.TryGetValues("Authorization", out var value) ? value.ToString() : null));
            var response = answer(request);
            response.RequestMessage = request;
            return Task.FromResult(response);
        }
    }

    private sealed class Follower : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (response.Headers.Location is not { } location)
            {
                return response;
            }

            response.Dispose();
            request.RequestUri = location;
            return await base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Poller(Func<Task> between) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response;
            while ((response = await base.SendAsync(request, cancellationToken)).StatusCode == HttpStatusCode.Accepted)
            {
                response.Dispose();
                await between();
            }

            return response;
        }
    }

    private sealed class Again(Action between) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (await base.SendAsync(request, cancellationToken)).Dispose();
            between();
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
