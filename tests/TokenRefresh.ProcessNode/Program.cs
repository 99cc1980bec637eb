using TokenRefresh;
using TokenRefresh.ProcessNode;

// A process that shares a saved login, and says what came of it. Each line of its output is one fact:
// "refreshed", "event REASON", "failed KIND", "stopped", "sent", or a status with how many requests got it.
var node = new NodeArguments(args);
await using var session = node.OpenSession();
session.ReLoginRequired += (_, e) => Console.WriteLine("event " + e.Reason);
await (node["do"] switch
{
    "refresh" => RefreshAsync(),
    "reload" => ReloadAsync(),
    "hold-lock" => HoldLockAsync(),
    var other => throw new FormatException($"There is no '{other}' to do."),
});

// Refreshes so many times; the store may stop it at a step.
async Task RefreshAsync()
{
    for (var round = 0; round < int.Parse(node["rounds"], System.Globalization.CultureInfo.InvariantCulture);)
    {
        try
        {
            await session.RefreshAsync();
            Console.WriteLine("refreshed");
            round++;
        }
        catch (TokenRefreshException e) when (e.Failure == TokenRefreshFailure.Transient)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
        catch (TokenRefreshException e)
        {
            Console.WriteLine("failed " + e.Failure);
            return;
        }
    }
}

// One page: five requests at once, and then an end of one kind or another.
async Task ReloadAsync()
{
    using var client = new HttpClient(new TokenRefreshHandler(session) { InnerHandler = new SocketsHttpHandler() }) { BaseAddress = new Uri(node["api"]) };
    using var leaving = new CancellationTokenSource();
    var end = node["end"];
    var requests = Enumerable.Range(0, 5).Select(_ => GetAsync(client, leaving.Token)).ToArray();
    if (end == "kill")
    {
        // In the middle of a refresh, as likely as not.
        var refresh = session.RefreshAsync();
        Console.WriteLine("sent");
        await refresh;
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }

    Console.WriteLine("sent");
    if (end == "cancel")
    {
        await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(100)), TimeProvider.System);
        await leaving.CancelAsync();
    }
    else if (end == "shutdown")
    {
        await session.DisposeAsync();
    }

    foreach (var outcome in (await Task.WhenAll(requests)).GroupBy(outcome => outcome))
    {
        Console.WriteLine($"{outcome.Key} {outcome.Count()}");
    }
}

async Task<string> GetAsync(HttpClient client, CancellationToken cancellationToken)
{
    try
    {
        using var response = await client.GetAsync(new Uri("api/me", UriKind.Relative), cancellationToken);
        return $"{(int)response.StatusCode}";
    }
    catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
    {
        return "left";
    }
    catch (TokenRefreshException e)
    {
        return e.Failure.ToString();
    }
}

async Task HoldLockAsync()
{
    var held = new List<FileStream>();
    foreach (var file in Directory.GetFiles(node["store"]["file:".Length..], "*.lock"))
    {
        held.Add(new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None));
    }

    Console.WriteLine("stopped");
    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    GC.KeepAlive(held);
}
