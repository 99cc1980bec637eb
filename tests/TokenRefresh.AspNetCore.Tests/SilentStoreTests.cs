using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>A store that accepts a read and never answers it.</summary>
[Trait("Case", "W5")]
public sealed class SilentStoreTests
{
    private const string AppCookie = ".AspNetCore.Cookies";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly SilentStore _store = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    [Fact]
    public async Task The_look_for_a_providers_logout_ends_after_five_seconds_and_the_token_is_used()
    {
        await using var provider = await Provider.StartAsync();
        using var browser = new Browser();
        browser.SetCookie(provider.Address, Provider.SessionCookie, "sid-1");
        await using var node = await StartAfterLoginAsync(provider, browser);
        _store.IsSilent = key => key.UserKey!.StartsWith("logout/", StringComparison.Ordinal);

        var first = browser.GoAsync(node.At("orders"));
        await _store.Unanswered.ArrivedAsync(2);
        _time.Advance(Limit);

        Assert.Equal("orders of alice", (await first).Text);
        Assert.Contains(AppCookie, browser.CookieNames(node.Address));

        // The next request doesn't wait again.
        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
        Assert.Equal(1, provider.Logins);
    }

    [Fact]
    public async Task The_look_for_the_tokens_ends_after_five_seconds_and_the_cookie_is_kept()
    {
        await using var provider = await Provider.StartAsync();
        using var browser = new Browser();
        await using var node = await StartAfterLoginAsync(provider, browser);
        _store.IsSilent = key => !key.UserKey!.Contains('/', StringComparison.Ordinal);

        var user = browser.FetchAsync(node.At("user"));
        await _store.Unanswered.ArrivedAsync(1);
        _time.Advance(Limit);

        Assert.Equal(HttpStatusCode.OK, (await user).Status);
        Assert.Contains(AppCookie, browser.CookieNames(node.Address));
        Assert.Contains(node.Log.Own, line => line.Contains("accepted without a check", StringComparison.Ordinal));
        _store.IsSilent = _ => false;
        Assert.Equal("orders of alice", (await browser.GoAsync(node.At("orders"))).Text);
        Assert.Equal(1, provider.Logins);
    }

    [Fact]
    public async Task A_logout_token_that_cant_be_recorded_gets_503_after_five_seconds()
    {
        await using var provider = await Provider.StartAsync();
        using var browser = new Browser();
        await using var node = await StartAfterLoginAsync(provider, browser);
        _store.IsSilent = key => key.UserKey!.StartsWith("logout-token/", StringComparison.Ordinal);
        using var http = new HttpClient();
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("logout_token", LogoutTokens.Sign(LogoutTokens.Claims(provider)))]);

        var sending = http.PostAsync(node.At("backchannel-logout"), form);
        await _store.Unanswered.ArrivedAsync(1);
        _time.Advance(Limit);

        using var answer = await sending;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    [Fact]
    public async Task A_logout_token_has_five_seconds_for_all_its_calls_of_the_store()
    {
        await using var provider = await Provider.StartAsync();
        using var browser = new Browser();
        await using var node = await StartAfterLoginAsync(provider, browser);
        _store.IsSilent = key => key.UserKey!.StartsWith("logout", StringComparison.Ordinal);
        using var http = new HttpClient();
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("logout_token", LogoutTokens.Sign(LogoutTokens.Claims(provider)))]);

        var sending = http.PostAsync(node.At("backchannel-logout"), form);
        var first = _store.Unanswered;
        await first.ArrivedAsync(1);
        _time.Advance(TimeSpan.FromSeconds(3));
        _store.Unanswered = new Gate();
        first.Open();
        await _store.Unanswered.ArrivedAsync(1);
        _time.Advance(TimeSpan.FromSeconds(2));

        using var answer = await sending;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    [Fact]
    public async Task A_login_that_cant_be_saved_gets_503_after_five_seconds_and_no_cookie()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(UserTokenScope.PerLogin));
        using var browser = new Browser();
        _store.IgnoresWrites = true;

        var page = browser.GoAsync(node.At("orders"));
        await _store.Unanswered.ArrivedAsync(1);
        _time.Advance(Limit);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await page).Status);
        Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
    }

    [Fact]
    public async Task A_sign_out_that_cant_be_saved_deletes_the_cookie_after_five_seconds()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(UserTokenScope.PerLogin));
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        _store.IgnoresWrites = true;

        var signOut = browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        await _store.Unanswered.ArrivedAsync(1);
        _time.Advance(Limit);

        Assert.Equal(HttpStatusCode.NoContent, (await signOut).Status);
        Assert.DoesNotContain(AppCookie, browser.CookieNames(node.Address));
        Assert.Contains(node.Log.Own, line => line.Contains("the saved tokens can't be removed", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Case", "B81")]
    public async Task A_cookie_of_before_a_sign_out_is_rejected_without_a_look_into_the_store()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup(UserTokenScope.PerUser));
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        var cookie = browser.Cookie(node.Address, AppCookie);
        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        await browser.GoAsync(node.At("orders"));
        browser.SetCookie(node.Address, AppCookie, cookie);
        _store.IsSilent = key => !key.UserKey!.Contains('/', StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.FetchAsync(node.At("user"))).Status);
        Assert.Equal(0, _store.Unanswered.Arrived);
    }

    private NodeSetup CreateSetup(UserTokenScope scope) => new()
    {
        Clock = _time,
        ConfigureSession = session => session.UseStore(_store).UseDataProtection(),
        ConfigureUsers = options => options.Scope = scope,
    };

    /// <summary>Starts a node that has nothing in memory: the login was on another node.</summary>
    private async Task<Node> StartAfterLoginAsync(Provider provider, Browser browser)
    {
        var setup = CreateSetup(UserTokenScope.PerLogin);
        await using var before = await Node.StartAsync(provider, setup);
        Assert.Equal("orders of alice", (await browser.GoAsync(before.At("orders"))).Text);
        return await Node.StartAsync(provider, setup);
    }
}
