using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>
/// An app that is signed in with <c>access-1</c> and <c>refresh-1</c>, whose store can be looked into, whose retries don't wait, and whose
/// API refuses <c>access-1</c> once it has expired and takes anything else.
/// </summary>
internal sealed class Scene : IAsyncDisposable
{
    private readonly Gate _heard = new();

    private Scene(TestApp app, MemoryTokenStore store, ImpatientTime clock)
    {
        App = app;
        Store = store;
        Clock = clock;
        app.Session.ReLoginRequired += (_, _) => _ = _heard.PassAsync();
    }

    public TestApp App { get; }

    public MemoryTokenStore Store { get; }

    public ImpatientTime Clock { get; }

    public static async Task<Scene> SetAsync(
        TokenServerMode mode = TokenServerMode.ReuseIsRejected, Action<TokenRefreshOptions>? configure = null, Action<IServiceCollection>? services = null)
    {
        MemoryTokenStore? store = null;
        ImpatientTime? clock = null;
        var app = TestApp.Create(
            configure,
            collection =>
            {
                clock = ImpatientTime.In(collection);
                store = new MemoryTokenStore(clock);
                collection.AddTokenSession(TestApp.Name).UseStore(store);
                services?.Invoke(collection);
            },
            mode);
        await app.SignInAsync();
        return new Scene(app, store!, clock!);
    }

    /// <summary>Sends requests with access-1, has the API refuse them all at once, and gives what each got.</summary>
    public async Task<IReadOnlyList<Result>> HoldAndExpireAsync(int count)
    {
        var requests = await App.SendAtOnceAsync(count);
        Expire();
        App.Api.Release();
        return await Task.WhenAll(requests.Select(Result.OfAsync)).WaitAsync(Gate.FailSafe, TimeProvider.System);
    }

    /// <summary>From now on the API refuses access-1, and no other.</summary>
    public void Expire() =>
        App.Api.Answer(request => new HttpResponseMessage(request.Token is null or "access-1" ? HttpStatusCode.Unauthorized : HttpStatusCode.OK));

    public Task<TokenSet?> StoredAsync() => Store.TokensAsync();

    public Task<string?> StoredRefreshTokenAsync() => Store.RefreshTokenAsync();

    /// <summary>Waits for the event: no request waits for it longer than a moment.</summary>
    public async Task<ReLoginRequiredEventArgs> WaitForEventAsync()
    {
        await _heard.ArrivedAsync(1);
        return App.ReLogins.Single();
    }

    /// <summary>A flight that a failed test has left open is drained, on a clock that stands still: its deadline has to come.</summary>
    public async ValueTask DisposeAsync()
    {
        var disposing = App.DisposeAsync();
        App.Time.Advance(TimeSpan.FromMinutes(1));
        await disposing;
    }

    /// <summary>What a request got: a status, or an exception.</summary>
    internal sealed record Result(HttpStatusCode? Status, Exception? Exception)
    {
        public static async Task<Result> OfAsync(Task<HttpResponseMessage> request)
        {
            try
            {
                using var response = await request;
                return new Result(response.StatusCode, null);
            }
            catch (Exception e)
            {
                return new Result(null, e);
            }
        }
    }
}
