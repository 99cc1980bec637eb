using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>An endpoint that makes several calls at once. Only one of them fails because of the token.</summary>
public sealed class SeveralCallsTests
{
    [Theory]
    [Trait("Case", "W19")]
    [Trait("Case", "W17")]
    [InlineData("all exceptions")]
    [InlineData("all exceptions, wrapped")]
    [InlineData("nested")]
    public async Task The_failure_of_the_token_decides_the_answer(string kind)
    {
        await using var provider = await Provider.StartAsync();
        var setup = CreateSetup(kind);
        await using var node = await Node.StartAsync(provider, setup);
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));
        setup.Time.Advance(Provider.AccessTokenLifetime);
        provider.IsDown = true;

        var unavailable = await browser.FetchAsync(node.At("overview"));
        provider.IsDown = false;
        await provider.RevokeAsync("alice");
        setup.Time.Advance(TimeSpan.FromMinutes(5));
        var ended = await browser.FetchAsync(node.At("overview"));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "7"), (unavailable.Status, unavailable.RetryAfter));
        Assert.Equal((HttpStatusCode.Unauthorized, "application/problem+json"), (ended.Status, ended.MediaType));
    }

    [Fact]
    public async Task Failures_that_do_not_concern_the_token_are_the_apps()
    {
        await using var provider = await Provider.StartAsync();
        await using var node = await Node.StartAsync(provider, CreateSetup("all exceptions"));
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        var page = await browser.FetchAsync(node.At("overview"));

        Assert.Equal((HttpStatusCode.InternalServerError, "The app's own error page."), (page.Status, page.Text));
    }

    private static NodeSetup CreateSetup(string kind) => new()
    {
        Map = app => app.MapGet("/overview", async (IHttpClientFactory clients) =>
        {
            var calls = Task.WhenAll(
                Task.FromException(new InvalidDataException("another API")), clients.CreateClient("orders").GetStringAsync("api/me"));
            await calls.ContinueWith(_ => { }, TaskScheduler.Default);
            throw kind switch
            {
                "nested" => new AggregateException(new TimeoutException(), calls.Exception!),
                "all exceptions, wrapped" => new InvalidOperationException("The overview can't be shown.", calls.Exception),
                _ => calls.Exception!,
            };
        }).RequireAuthorization(),
    };
}
