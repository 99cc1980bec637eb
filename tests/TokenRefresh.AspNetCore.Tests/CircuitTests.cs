using System.Collections.Concurrent;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>
/// Circuits of Blazor Server, as the framework runs them: a scope for each, an authentication state, activities through the circuit
/// handlers. All that the activities see of HTTP is the request of another user.
/// </summary>
public sealed class CircuitTests
{
    [Fact]
    [Trait("Case", "W12")]
    [Trait("Case", "B80")]
    public async Task Fifty_users_circuits_on_two_nodes_keep_their_own_tokens_over_a_hundred_expiries()
    {
        const int Users = 50;
        const int Expiries = 100;
        await using var api = await JwtApi.StartAsync();
        var store = new MemoryTokenStore();
        var setup = new NodeSetup();
        await using var one = await StartNodeAsync(api, setup, store);
        await using var two = await StartNodeAsync(api, setup, store);
        var stale = new DefaultHttpContext { User = await SignInAsync(one, api, "mallory") };
        one.Services.GetRequiredService<IHttpContextAccessor>().HttpContext = stale;
        var circuits = new List<Circuit>();
        foreach (var number in Enumerable.Range(0, Users))
        {
            var principal = await SignInAsync(one, api, $"user-{number}");
            circuits.Add(new Circuit(one, principal, $"user-{number}"));
            circuits.Add(new Circuit(two, principal, $"user-{number}"));
        }

        for (var expiry = 1; expiry <= Expiries; expiry++)
        {
            api.ExpireAccessTokens();
            setup.Time.Advance(TimeSpan.FromMinutes(1));
            await Parallel.ForEachAsync(circuits, async (circuit, _) => Assert.Equal(circuit.User, await circuit.CallAsync()));
        }

        Assert.Equal(Users * Expiries, api.ReceivedRefreshTokens.Count);
        Assert.Equal(Users * Expiries, api.ReceivedRefreshTokens.Distinct(StringComparer.Ordinal).Count());
        Assert.Empty(stale.Response.Headers);
        Assert.DoesNotContain(api.ReceivedRefreshTokens, token => token.Contains("mallory", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Case", "W12")]
    public async Task What_an_activity_starts_keeps_the_circuits_user_and_a_circuit_without_a_user_sends_no_token()
    {
        await using var api = await JwtApi.StartAsync();
        await using var node = await StartNodeAsync(api, new NodeSetup(), new MemoryTokenStore());
        node.Services.GetRequiredService<IHttpContextAccessor>().HttpContext = new DefaultHttpContext { User = await SignInAsync(node, api, "mallory") };
        var alices = new Circuit(node, await SignInAsync(node, api, "alice"), "alice");
        var anonymous = new Circuit(node, new ClaimsPrincipal(new ClaimsIdentity()), "");

        var begun = new TaskCompletionSource();
        var late = alices.StartAsync(begun.Task);
        begun.SetResult();

        Assert.Equal("alice", await late);
        Assert.Equal("401", await anonymous.CallAsync());
        Assert.Equal("mallory", await node.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders").GetStringAsync("api/me"));
    }

    [Fact]
    public async Task A_circuit_follows_a_change_of_its_user()
    {
        await using var api = await JwtApi.StartAsync();
        await using var node = await StartNodeAsync(api, new NodeSetup(), new MemoryTokenStore());
        var circuit = new Circuit(node, await SignInAsync(node, api, "alice"), "alice");
        Assert.Equal("alice", await circuit.CallAsync());

        circuit.SetUser(new ClaimsPrincipal(new ClaimsIdentity()));

        Assert.Equal("401", await circuit.CallAsync());
    }

    [Fact]
    [Trait("Case", "W12")]
    public async Task A_sign_out_elsewhere_takes_the_user_out_of_the_circuit()
    {
        await using var api = await JwtApi.StartAsync();
        await using var node = await StartNodeAsync(api, new NodeSetup(), new MemoryTokenStore());
        var principal = await SignInAsync(node, api, "alice");
        var watch = node.Services.GetRequiredService<Blazor.LoginWatch>();
        Assert.False(await watch.IsEndedAsync(principal, CancellationToken.None));

        var login = Sessions.LoginKey.Parse(principal.FindFirst("TokenRefresh/shop")!.Value)!;
        await node.Sessions["shop", login.SessionKey].SignOutAsync();

        Assert.True(await watch.IsEndedAsync(principal, CancellationToken.None));
    }

    [Fact]
    public async Task The_end_of_a_login_is_noticed_once_and_not_after_the_circuit_is_gone()
    {
        await using var api = await JwtApi.StartAsync();
        await using var node = await StartNodeAsync(api, new NodeSetup(), new MemoryTokenStore());
        var principal = await SignInAsync(node, api, "alice");
        var watch = node.Services.GetRequiredService<Blazor.LoginWatch>();
        var (kept, gone) = (0, 0);
        using var subscription = watch.Subscribe(principal, () => Interlocked.Increment(ref kept));
        watch.Subscribe(principal, () => Interlocked.Increment(ref gone)).Dispose();
        api.ExpireAccessTokens();
        api.BlacklistAll();

        await Assert.ThrowsAsync<TokenRefreshException>(() => new Circuit(node, principal, "alice").CallAsync());

        await Eventually.TrueAsync(() => Volatile.Read(ref kept) == 1);
        Assert.Equal(0, Volatile.Read(ref gone));
    }

    private static Task<Node> StartNodeAsync(JwtApi api, NodeSetup setup, ITokenStore store)
    {
        var address = new Uri($"http://127.0.0.1:{TestKit.FreePort.Find()}/");
        var builder = Node.CreateBuilder(setup, address);
        builder.Services.AddSingleton(api);
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options => options.LoginPath = "/login");
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddUserTokenSession("shop", options =>
        {
            options.TokenEndpoint = new Uri(api.Address, "api/token/refresh/");
            options.Protocol = TokenEndpointProtocol.SimpleJwt;
        }).UseStore(store).UseDataProtection();
        builder.Services.AddTokenRefreshForBlazor();
        builder.Services.AddHttpClient("orders", client => client.BaseAddress = api.Address).AddTokenRefreshHandler("shop");
        return Node.StartAsync(builder, setup, address);
    }

    /// <summary>What the cookie of a user says after a login.</summary>
    private static async Task<ClaimsPrincipal> SignInAsync(Node node, JwtApi api, string user)
    {
        await using var scope = node.Services.CreateAsyncScope();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        context.Request.Scheme = "https";
        await context.SignInWithTokensAsync("shop", new ClaimsPrincipal(new ClaimsIdentity([new Claim("name", user)], "password")), api.SignIn(user));
        var cookie = context.Response.Headers.SetCookie.ToString().Split('=', 2)[1].Split(';')[0];
        return node.Services.ReadTicket(cookie).Principal;
    }

    private sealed class Circuit
    {
        private readonly IServiceProvider _services;
        private readonly CircuitHandler[] _handlers;

        public Circuit(Node node, ClaimsPrincipal principal, string user)
        {
            User = user;
            _services = node.Services.CreateScope().ServiceProvider;
            SetUser(principal);
            _handlers = [.. _services.GetServices<CircuitHandler>()];
        }

        public string User { get; }

        public void SetUser(ClaimsPrincipal principal) => ((IHostEnvironmentAuthenticationStateProvider)_services.GetRequiredService<AuthenticationStateProvider>())
            .SetAuthenticationState(Task.FromResult(new AuthenticationState(principal)));

        /// <summary>An activity, such as a click, that calls the API.</summary>
        public async Task<string> CallAsync()
        {
            var answer = "";
            await RunAsync(async () => answer = await AskAsync());
            return answer;
        }

        /// <summary>An activity that begins something and doesn't wait for it.</summary>
        public async Task<string> StartAsync(Task begin)
        {
            var answer = Task.FromResult("");
            await RunAsync(() =>
            {
                answer = LaterAsync();
                return Task.CompletedTask;
            });
            return await answer;

            async Task<string> LaterAsync()
            {
                await begin.ConfigureAwait(false);
                return await AskAsync();
            }
        }

        private async Task<string> AskAsync()
        {
            using var response = await _services.GetRequiredService<IHttpClientFactory>().CreateClient("orders").GetAsync("api/me");
            return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        private Task RunAsync(Func<Task> activity)
        {
            Func<CircuitInboundActivityContext, Task> run = _ => activity();
            foreach (var handler in _handlers.Reverse())
            {
                run = handler.CreateInboundActivityHandler(run);
            }

            return run(null!);
        }
    }
}
