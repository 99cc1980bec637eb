using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.RenderTree;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.AspNetCore.Blazor;
using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>The component that leaves a page whose login has ended.</summary>
public sealed class BoundaryTests
{
    [Theory]
    [Trait("Case", "W13")]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public async Task It_leaves_the_page_when_the_login_ends_unless_the_user_has_left_it_before(bool leavesEarly, int navigations)
    {
        await using var provider = await Provider.StartAsync();
        ClaimsPrincipal? user = null;
        var setup = WatchedNode(found => user = found);
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("who"));
        var watch = node.Services.GetRequiredService<LoginWatch>();
        var (authentication, navigation) = (new LateAuthentication(), new Navigation());
        await using var services = new ServiceCollection()
            .AddSingleton<AuthenticationStateProvider>(authentication)
            .AddSingleton<NavigationManager>(navigation)
            .AddSingleton(watch)
            .BuildServiceProvider();
        await using var page = new PageRenderer(services);
        await page.ShowAsync<TokenRefreshBoundary>();
        if (leavesEarly)
        {
            await page.LeaveAsync();
        }

        await page.Dispatcher.InvokeAsync(() => authentication.Answer.SetResult(new AuthenticationState(user!)));
        var ended = new Gate();
        using var subscription = watch.Subscribe(user!, () => _ = ended.PassAsync());
        await provider.RevokeAsync("alice");
        setup.Time.Advance(Provider.AccessTokenLifetime);
        await browser.FetchAsync(node.At("open/orders"));
        await ended.ArrivedAsync(1);

        // The boundary was notified before, and its work is in the queue of the page.
        await page.Dispatcher.InvokeAsync(() => { });
        Assert.Equal(navigations, navigation.Count);
    }

    [Theory]
    [Trait("Case", "W13")]
    [InlineData(true, true, true)]
    [InlineData(false, true, false)]
    [InlineData(true, false, false)]
    public async Task It_leaves_the_page_if_a_call_says_that_a_login_has_ended_and_it_is_the_users_own(
        bool hasEnded, bool isLoginEnd, bool leavesPage)
    {
        await using var provider = await Provider.StartAsync();
        ClaimsPrincipal? user = null;
        var setup = WatchedNode(found => user = found);
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("who"));
        if (hasEnded)
        {
            await provider.RevokeAsync("alice");
            setup.Time.Advance(Provider.AccessTokenLifetime);
            await browser.FetchAsync(node.At("open/orders"));
        }

        // The boundary's own look at the login, after the first render, has no answer.
        var (authentication, navigation) = (new LateAuthentication { Unanswered = 1 }, new Navigation());
        authentication.Answer.SetResult(new AuthenticationState(user!));
        await using var services = new ServiceCollection()
            .AddSingleton<AuthenticationStateProvider>(authentication)
            .AddSingleton<NavigationManager>(navigation)
            .AddSingleton(node.Services.GetRequiredService<LoginWatch>())
            .AddSingleton<Exception>(isLoginEnd
                ? new TokenRefreshException(TokenRefreshFailure.ReLoginRequired, "The login has ended.")
                : new InvalidOperationException())
            .BuildServiceProvider();
        await using var page = new PageRenderer(services);

        await page.ShowAsync<TokenRefreshBoundary>(builder =>
        {
            builder.OpenComponent<SeveralCalls>(0);
            builder.CloseComponent();
        });

        await Eventually.TrueAsync(() => navigation.Count > 0 || page.Unhandled is not null);
        Assert.Equal((leavesPage ? 1 : 0, leavesPage), (navigation.Count, page.Unhandled is null));

        // The second look reads the store: it happens once, and only for the end of a login.
        Assert.Equal(isLoginEnd ? 2 : 1, authentication.Calls);
    }

    [Fact]
    [Trait("Case", "W13")]
    public async Task A_failure_while_it_looks_at_the_login_ends_the_circuit()
    {
        var authentication = new LateAuthentication { Unanswered = 1 };
        authentication.Answer.SetException(new TimeoutException());
        await using var services = new ServiceCollection()
            .AddSingleton<AuthenticationStateProvider>(authentication)
            .AddSingleton<NavigationManager>(new Navigation())
            .AddSingleton(new LoginWatch(null!, null!, null!, TimeProvider.System))
            .AddSingleton<Exception>(new TokenRefreshException(TokenRefreshFailure.ReLoginRequired, "The login has ended."))
            .BuildServiceProvider();
        await using var page = new PageRenderer(services);

        await page.ShowAsync<TokenRefreshBoundary>(builder =>
        {
            builder.OpenComponent<SeveralCalls>(0);
            builder.CloseComponent();
        });

        await Eventually.TrueAsync(() => page.Unhandled is not null);
        Assert.IsType<TimeoutException>(page.Unhandled);
    }

    [Theory]
    [Trait("Case", "W13")]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public async Task It_lets_a_sign_out_of_its_own_page_finish_before_it_leaves_the_page(bool leavesPage, int navigations)
    {
        await using var provider = await Provider.StartAsync();
        ClaimsPrincipal? user = null;
        var setup = new NodeSetup
        {
            Map = app => app.MapGet("/who", (HttpContext context) =>
            {
                user = context.User;
            }).RequireAuthorization(),
        };
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("who"));
        var time = new FakeTimeProvider();
        var (authentication, navigation) = (new LateAuthentication(), new Navigation());
        await using var services = new ServiceCollection()
            .AddSingleton<AuthenticationStateProvider>(authentication)
            .AddSingleton<NavigationManager>(navigation)
            .AddSingleton(ActivatorUtilities.CreateInstance<LoginWatch>(node.Services, time))
            .BuildServiceProvider();
        await using var page = new PageRenderer(services);
        await page.ShowAsync<TokenRefreshBoundary>();
        await page.Dispatcher.InvokeAsync(() => authentication.Answer.SetResult(new AuthenticationState(user!)));

        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        await page.Dispatcher.InvokeAsync(authentication.SignOut);
        Assert.Equal(0, navigation.Count);

        // A sign-out of this page leads to the next page, and that ends the circuit.
        if (leavesPage)
        {
            await page.LeaveAsync();
        }

        time.Advance(LoginWatch.SignOutTime);
        await page.Dispatcher.InvokeAsync(() => { });
        Assert.Equal(navigations, navigation.Count);
    }

    [Theory]
    [Trait("Case", "W13")]
    [InlineData(false, HttpStatusCode.InternalServerError, 1)]
    [InlineData(true, HttpStatusCode.OK, 2)]
    public async Task While_a_page_is_prerendered_the_end_of_the_users_own_login_leads_to_the_sign_in(
        bool isOwn, HttpStatusCode status, int logins)
    {
        await using var provider = await Provider.StartAsync();
        var service = new TokenSet("access", "refresh") { ExpiresAt = DateTimeOffset.UnixEpoch };
        var setup = new NodeSetup
        {
            ConfigureServices = services =>
            {
                services.AddRazorComponents().AddInteractiveServerComponents();
                services.AddTokenRefreshForBlazor();
                services.AddHttpClient("service", client => client.BaseAddress = provider.Address).AddTokenRefreshHandler(options =>
                {
                    options.TokenEndpoint = new Uri(provider.Address, "connect/token");
                    options.ClientId = Provider.ClientId;
                    options.ClientSecret = Provider.ClientSecret;
                    options.ReLoginResult = ReLoginResult.Throw;
                });
            },
            Map = app => app.MapGet("/page", () => new RazorComponentResult<CallingPage>(
                new { Client = isOwn ? "orders" : "service" })).RequireAuthorization(),
        };
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await node.Sessions["service"].SignInAsync(service);
        await browser.GoAsync(node.At("orders"));
        if (isOwn)
        {
            await provider.RevokeAsync("alice");
            setup.Time.Advance(Provider.AccessTokenLifetime);
        }

        var page = await browser.GoAsync(node.At("page"));

        Assert.Equal((status, logins), (page.Status, provider.Logins));
    }

    /// <summary>A node that watches logins. Its page tells who is signed in.</summary>
    private static NodeSetup WatchedNode(Action<ClaimsPrincipal> found) => new()
    {
        ConfigureServices = services => services.AddSingleton<LoginWatch>(),
        Map = app => app.MapGet("/who", (HttpContext context) => found(context.User)).RequireAuthorization(),
    };

    private sealed class CallingPage : ComponentBase
    {
        [Parameter]
        public string Client { get; set; } = "";

        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.OpenComponent<TokenRefreshBoundary>(0);
            builder.AddComponentParameter(1, nameof(ErrorBoundaryBase.ChildContent), (RenderFragment)(content =>
            {
                content.OpenComponent<Call>(0);
                content.AddComponentParameter(1, nameof(Client), Client);
                content.CloseComponent();
            }));
            builder.CloseComponent();
        }
    }

    private sealed class Call(IHttpClientFactory clients) : ComponentBase
    {
        [Parameter]
        public string Client { get; set; } = "";

        protected override async Task OnInitializedAsync() => await clients.CreateClient(Client).GetStringAsync(new Uri("api/me", UriKind.Relative));
    }

    private sealed class SeveralCalls(Exception exception) : ComponentBase
    {
        protected override void OnInitialized() => throw new AggregateException(new TimeoutException(), exception);
    }

    private sealed class LateAuthentication : AuthenticationStateProvider
    {
        public TaskCompletionSource<AuthenticationState> Answer { get; } = new();

        /// <summary>How many calls get no answer.</summary>
        public int Unanswered { get; set; }

        public int Calls { get; private set; }

        public override Task<AuthenticationState> GetAuthenticationStateAsync() =>
            Calls++ < Unanswered ? new TaskCompletionSource<AuthenticationState>().Task : Answer.Task;

        public void SignOut() => NotifyAuthenticationStateChanged(Task.FromResult(new AuthenticationState(new ClaimsPrincipal())));
    }

    private sealed class Navigation : NavigationManager
    {
        public Navigation() => Initialize("http://localhost/", "http://localhost/page");

        public int Count { get; private set; }

        protected override void NavigateToCore(string uri, NavigationOptions options) => Count++;
    }

#pragma warning disable BL0006 // The renderers of the framework call no OnAfterRender without a browser.
    /// <summary>Renders to nothing, with all events of a component.</summary>
    private sealed class PageRenderer(IServiceProvider services) : Renderer(services, NullLoggerFactory.Instance)
    {
        private int _component;

        public Exception? Unhandled { get; private set; }

        public override Dispatcher Dispatcher { get; } = Dispatcher.CreateDefault();

        public Task ShowAsync<T>(RenderFragment? content = null)
            where T : IComponent => Dispatcher.InvokeAsync(() =>
        {
            _component = AssignRootComponentId(InstantiateComponent(typeof(T)));
            var parameters = new Dictionary<string, object?>(StringComparer.Ordinal) { [nameof(ErrorBoundaryBase.ChildContent)] = content };
            _ = RenderRootComponentAsync(_component, ParameterView.FromDictionary(parameters));
        });

        public Task LeaveAsync() => Dispatcher.InvokeAsync(() => RemoveRootComponent(_component));

        /// <summary>Would end the circuit.</summary>
        protected override void HandleException(Exception exception) => Unhandled = exception;

        protected override Task UpdateDisplayAsync(in RenderBatch renderBatch) => Task.CompletedTask;
    }
#pragma warning restore BL0006
}
