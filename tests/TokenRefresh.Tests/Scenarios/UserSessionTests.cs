using System.Net;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>One client with many users: each request gets its own user's token and waits for no other user.</summary>
public sealed class UserSessionTests
{
    [Fact]
    [Trait("Case", "C10")]
    public async Task A_session_doesnt_wait_for_another_sessions_refresh()
    {
        await using var app = TestApp.Create();
        await app.Sessions[TestApp.Name, "slow"].SignInAsync(app.Tokens.Issue());
        app.Tokens.ExpireAccessTokens();
        await app.Sessions[TestApp.Name, "quick"].SignInAsync(app.Tokens.Issue());
        var refresh = app.Tokens.Hold();
        var slow = SendAsync(app, "slow");
        await refresh.ArrivedAsync(1);

        using var quick = await SendAsync(app, "quick").WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal(HttpStatusCode.OK, quick.StatusCode);
        Assert.False(slow.IsCompleted);
        refresh.Open();
        Assert.Equal(HttpStatusCode.OK, (await slow).StatusCode);
    }

    [Theory]
    [Trait("Case", "C10")]
    [InlineData("a:b", "c", "a", "b:c")]
    [InlineData("a", "b", "a", "B")]
    [InlineData("a", "b\0c", "a\0b", "c")]
    public async Task Sessions_with_names_that_look_alike_never_meet(string nameA, string userA, string nameB, string userB)
    {
        var store = new MemoryTokenStore();
        var a = new TokenSessionKey(nameA, userA);
        var b = new TokenSessionKey(nameB, userB);

        await new OtherProcess(store, a).SignInAsync(new TokenSet("tokens-of-a"));

        Assert.Equal(LoginStatus.NotFound, (await new OtherProcess(store, b).LoadAsync()).Status);
        await using var app = TestApp.Create();
        Assert.NotSame(app.Sessions[TestApp.Name, userA], app.Sessions[TestApp.Name, userB]);
    }

    [Fact]
    [Trait("Case", "C46")]
    public async Task A_handler_without_dependency_injection_sends_no_request_of_another_user()
    {
        await using var app = TestApp.Create(options => options.AllowedOrigins.Add(new Uri("https://api.example.com")));
        var session = app.Sessions[TestApp.Name, "a"];
        await session.SignInAsync(app.Tokens.Issue());
        using var client = new HttpMessageInvoker(new TokenRefreshHandler(session) { InnerHandler = app.Api }, disposeHandler: false);
        using var ofA = new HttpRequestMessage(HttpMethod.Get, "https://api.example.com/me").UseTokenUser("a");
        using var ofB = new HttpRequestMessage(HttpMethod.Get, "https://api.example.com/me").UseTokenUser("b");

        using var response = await client.SendAsync(ofA, default);
        var exception = await Assert.ThrowsAsync<TokenRefreshException>(() => client.SendAsync(ofB, default));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(TokenRefreshFailure.Configuration, exception.Failure);
        Assert.Equal(1, app.Api.Calls);
    }

    [Fact]
    [Trait("Case", "C46")]
    public async Task Fifty_users_with_fifty_requests_each_arrive_as_themselves()
    {
        await using var app = TestApp.Create(options => options.UserKey = (request, _) => request.RequestUri!.Query.TrimStart('?'));
        var users = Enumerable.Range(0, 50).Select(number => $"user-{number}").ToArray();
        var owners = new Dictionary<string, string>();
        foreach (var user in users)
        {
            var tokens = app.Tokens.Issue();
            owners[tokens.AccessToken] = user;
            await app.Sessions[TestApp.Name, user].SignInAsync(tokens);
        }

        // Half of them have expired: their next token is known only by the refresh token that paid for it.
        app.Tokens.ExpireAccessTokens();
        foreach (var user in users.Where((_, index) => index % 2 == 0))
        {
            var tokens = app.Tokens.Issue();
            owners[tokens.AccessToken] = user;
            await app.Sessions[TestApp.Name, user].SignInAsync(tokens);
        }

        var requests = Enumerable.Range(0, 50).SelectMany(_ => users).Select(user => Task.Run(() => app.Client.GetAsync(new Uri($"me?{user}", UriKind.Relative))));
        var statuses = await TestApp.StatusesOf(requests);

        Assert.All(statuses, status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.Equal(25, app.Tokens.Calls);
        Assert.Equal(0, app.Tokens.ReusedRefreshTokenCount);
        foreach (var user in users)
        {
            var token = await app.Sessions[TestApp.Name, user].GetAccessTokenAsync();
            owners.TryAdd(token!, user);
        }

        Assert.All(app.Api.Received, request => Assert.Equal(request.Uri.Query.TrimStart('?'), owners[request.Token!]));
    }

    [Fact]
    public async Task A_request_without_a_user_is_sent_without_a_token()
    {
        await using var app = TestApp.Create(options => options.UserKey = (_, _) => null);

        using var response = await app.GetAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Null(app.Api.Received.Single().Authorization);
    }

    private static Task<HttpResponseMessage> SendAsync(TestApp app, string user) =>
        app.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "me").UseTokenUser(user));
}
