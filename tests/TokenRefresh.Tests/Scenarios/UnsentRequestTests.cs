using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A refresh token that was never sent isn't possibly used, whatever exception the transport throws.</summary>
[Trait("Case", "A24")]
public sealed class UnsentRequestTests
{
    public static TheoryData<string> Faults => ["connect timeout", "task cancelled", "IO", "any other", "response ended"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Before_the_content_is_read_a_fault_is_transient_and_tried_again(string fault)
    {
        await using var scene = await SetAsync(new FaultyTransport(Throw(fault), readsContent: false));
        var transport = Transport(scene);

        var failure = Assert.IsType<TokenRefreshException>(Assert.Single(await scene.HoldAndExpireAsync(1)).Exception);

        Assert.Equal(3, transport.Calls);
        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Contains("https://login.example.com/token can't be reached", failure.Message, StringComparison.Ordinal);
        Assert.Equal(ReLoginReason.Rejected, await ReasonOfALaterRefusalAsync(scene));
    }

    [Theory]
    [InlineData("connect timeout", 1)]
    [InlineData("task cancelled", 1)]
    [InlineData("any other", 1)]
    [InlineData("IO", 2)]
    [InlineData("response ended", 2)]
    public async Task After_the_content_was_read_the_refresh_token_is_possibly_used(string fault, int calls)
    {
        await using var scene = await SetAsync(new FaultyTransport(Throw(fault), readsContent: true));
        var transport = Transport(scene);

        await scene.HoldAndExpireAsync(1);

        Assert.Equal(calls, transport.Calls);
        Assert.Equal(ReLoginReason.LostRotation, await ReasonOfALaterRefusalAsync(scene));
    }

    [Theory]
    [InlineData(false, ReLoginReason.Rejected)]
    [InlineData(true, ReLoginReason.LostRotation)]
    public async Task A_deadline_that_comes_while_the_transport_still_connects_leaves_the_refresh_token_unused(bool readsContent, ReLoginReason reason)
    {
        var called = new Gate();
        await using var scene = await SetAsync(new FaultyTransport(called.PassAsync, readsContent));
        var sending = scene.HoldAndExpireAsync(1);
        await called.ArrivedAsync(1);

        scene.App.Time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(TokenRefreshFailure.Transient, Assert.IsType<TokenRefreshException>(Assert.Single(await sending).Exception).Failure);
        Assert.Equal(reason, await ReasonOfALaterRefusalAsync(scene));
    }

    [Fact]
    public async Task A_connect_timeout_of_the_platform_was_never_sent()
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromMilliseconds(1),
            ConnectCallback = async (_, cancellationToken) =>
            {
                await new Gate().PassAsync(cancellationToken);
                return Stream.Null;
            },
        };
        await using var scene = await SetAsync(handler);

        var failure = Assert.IsType<TokenRefreshException>(Assert.Single(await scene.HoldAndExpireAsync(1)).Exception);

        Assert.Contains("(connect timeout)", failure.Message, StringComparison.Ordinal);
        Assert.Equal(2, scene.Clock.Waits.Count);
    }

    private static Task<Scene> SetAsync(HttpMessageHandler transport) => Scene.SetAsync(
        services: services =>
        {
            services.AddSingleton(transport);
            services.AddTokenSession(TestApp.Name).TokenEndpointClient.ConfigurePrimaryHttpMessageHandler(() => transport);
        });

    private static FaultyTransport Transport(Scene scene) => (FaultyTransport)scene.App.Services.GetRequiredService<HttpMessageHandler>();

    private static async Task<ReLoginReason> ReasonOfALaterRefusalAsync(Scene scene)
    {
        Transport(scene).Answers = true;
        scene.App.Time.Advance(TimeSpan.FromSeconds(61));
        using var refused = await scene.App.GetAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        return (await scene.WaitForEventAsync()).Reason;
    }

    private static Func<CancellationToken, Task> Throw(string fault) => _ => Task.FromException(fault switch
    {
        "connect timeout" => new TaskCanceledException("x", new TimeoutException("x", new SocketException((int)SocketError.TimedOut))),
        "task cancelled" => new TaskCanceledException(),
        "IO" => new IOException(),
        "response ended" => new HttpRequestException(HttpRequestError.ResponseEnded, "x"),
        _ => new NotSupportedException("kanarie"),
    });

    /// <summary>A transport that fails before or after it has read what it is to send, and later answers that the token is dead.</summary>
    private sealed class FaultyTransport(Func<CancellationToken, Task> fault, bool readsContent) : HttpMessageHandler
    {
        public int Calls { get; private set; }

        public bool Answers { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Answers)
            {
                return new HttpResponseMessage(HttpStatusCode.BadRequest) { Content = new StringContent("""{"error":"invalid_grant"}""") };
            }

            Calls++;
            if (readsContent)
            {
                await request.Content!.CopyToAsync(Stream.Null, cancellationToken);
            }

            await fault(cancellationToken);
            throw new NotSupportedException();
        }
    }
}
