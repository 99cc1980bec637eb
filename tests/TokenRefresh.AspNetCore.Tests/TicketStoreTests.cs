using System.Net;
using System.Reflection;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>
/// An app that keeps its tickets in a store (<see cref="CookieAuthenticationOptions.SessionStore"/>). A login keeps the key of the
/// browser's ticket, so a late renewal of an old ticket would replace the ticket of the new login.
/// </summary>
[Trait("Case", "W23")]
public sealed class TicketStoreTests
{
    private const string CookieScheme = CookieAuthenticationDefaults.AuthenticationScheme;
    private static readonly TimeSpan PastHalfOfItsLifetime = TimeSpan.FromDays(8);

    private readonly AppTickets _tickets = new();
    private readonly Gate _gate = new();

    [Theory]
    [Trait("Case", "W27")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_late_response_leaves_the_ticket_of_a_new_login(bool isSetLast)
    {
        await using var provider = await Provider.StartAsync();
        var setup = CreateSetup(isSetLast: isSetLast);
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("sign-in/alice"));
        setup.Time.Advance(PastHalfOfItsLifetime);

        var late = browser.FetchAsync(node.At("late"));
        await _gate.ArrivedAsync(1);
        await browser.GoAsync(node.At("sign-in/bob"));
        _gate.Open();

        Assert.Equal("late", (await late).Text);
        Assert.Equal(["bob"], _tickets.Users);
        Assert.Contains("bob", (await browser.FetchAsync(node.At("user"))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_late_response_brings_no_ticket_back_after_a_sign_out()
    {
        await using var provider = await Provider.StartAsync();
        var setup = CreateSetup();
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("sign-in/alice"));
        setup.Time.Advance(PastHalfOfItsLifetime);

        var late = browser.FetchAsync(node.At("late"));
        await _gate.ArrivedAsync(1);
        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        _gate.Open();

        Assert.Equal("late", (await late).Text);
        Assert.Empty(_tickets.Users);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("user"))).Status);
    }

    [Fact]
    public async Task The_ticket_of_a_login_that_is_alive_is_renewed_and_removed()
    {
        await using var provider = await Provider.StartAsync();
        var setup = CreateSetup();
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        for (var renewal = 1; renewal <= 3; renewal++)
        {
            setup.Time.Advance(PastHalfOfItsLifetime);
            Assert.Equal("orders of alice", (await browser.FetchAsync(node.At("orders"))).Text);
            Assert.Equal(renewal, _tickets.Renewals);
        }

        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);

        Assert.Empty(_tickets.Users);
        Assert.Equal(1, provider.Logins);
    }

    [Fact]
    public async Task A_sign_out_after_a_look_at_the_ticket_of_another_user_ends_the_session_of_its_own_cookie()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup());
        using var alice = new Browser();
        using var bob = new Browser();
        await alice.GoAsync(node.At("sign-in/alice"));
        await bob.GoAsync(node.At("sign-in/bob"));

        await alice.FetchAsync(node.At("sign-out-after-look/bob"));

        Assert.Contains("bob", (await bob.FetchAsync(node.At("user"))).Text, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => provider.RevokedTokens.Count == 1);
    }

    [Fact]
    public async Task Every_call_of_the_apps_own_code_reaches_its_store_unchanged()
    {
        var store = DispatchProxy.Create<ITicketStore, CallRecorder>();
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(store));
        var seen = node.Services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(CookieScheme).SessionStore;
        var values = new object[]
        {
            "key",
            new AuthenticationTicket(new ClaimsPrincipal(), CookieScheme),
            new DefaultHttpContext(),
            TestContext.Current.CancellationToken,
        };

        foreach (var method in typeof(ITicketStore).GetMethods())
        {
            object[] arguments = [.. method.GetParameters().Select(parameter => values.Single(parameter.ParameterType.IsInstanceOfType))];

            var task = method.Invoke(seen, arguments);

            var call = ((CallRecorder)(object)store).LastCall;
            Assert.Equal(method, call.Method);
            Assert.Equal(arguments, call.Arguments);
            Assert.Same(call.Task, task);
        }
    }

    private NodeSetup CreateSetup(ITicketStore? store = null, bool isSetLast = false) => new()
    {
        ConfigureServices = services =>
        {
            void SetStore(CookieAuthenticationOptions options) => options.SessionStore = store ?? _tickets;
            _ = isSetLast
                ? services.PostConfigure<CookieAuthenticationOptions>(CookieScheme, SetStore)
                : services.Configure<CookieAuthenticationOptions>(CookieScheme, SetStore);
        },
        Map = app =>
        {
            app.MapGet("/sign-in/{user}", async (HttpContext context, string user) =>
            {
                var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim("name", user)], "password"));
                await context.SignInWithTokensAsync("shop", principal, new TokenSet("access-" + user, "refresh-" + user));
            });
            app.MapGet("/sign-out-after-look/{user}", async (
                HttpContext context, string user, IOptionsMonitor<CookieAuthenticationOptions> schemes) =>
            {
                await schemes.Get(CookieScheme).SessionStore!.RetrieveAsync(_tickets.KeyOf(user), context, context.RequestAborted);
                await context.SignOutAsync(CookieScheme);
            });
            app.MapGet("/late", async () =>
            {
                await _gate.PassAsync();
                return "late";
            }).RequireAuthorization();
        },
    };

#pragma warning disable CA1852 // DispatchProxy derives from it.
    private class CallRecorder : DispatchProxy
#pragma warning restore CA1852
    {
        public (MethodInfo? Method, object?[]? Arguments, Task? Task) LastCall { get; private set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Task task = targetMethod!.ReturnType == typeof(Task<string>) ? Task.FromResult("key")
                : targetMethod.ReturnType == typeof(Task<AuthenticationTicket?>) ? Task.FromResult<AuthenticationTicket?>(null)
                : Task.FromException(new InvalidDataException());
            LastCall = (targetMethod, args, task);
            return task;
        }
    }
}
