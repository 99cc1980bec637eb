using System;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh;
using TokenRefresh.ProcessNode;

// A process that shares a saved login: it refreshes so many times and says what came of each, or stops at a step to be killed there.
// Arguments: directory, token endpoint, step or "-", how many refreshes.
var (directory, endpoint, step, rounds) = (args[0], args[1], args[2], int.Parse(args[3], CultureInfo.InvariantCulture));
var options = new TokenRefreshOptions { TokenEndpoint = new Uri(endpoint), ClientId = "shop", RefreshTimeout = TimeSpan.FromSeconds(2), MinRefreshInterval = TimeSpan.Zero };
await using var session = TokenSession.Create(options, store: new StoppingStore(new FileTokenStore(directory), step), allowPlaintextTokens: true, name: "orders");
session.ReLoginRequired += (_, e) => Console.WriteLine("event " + e.Reason);

if (step == "locked")
{
    foreach (var file in Directory.GetFiles(directory, "*.lock"))
    {
        _ = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
    }

    Console.WriteLine("stopped");
    new ManualResetEventSlim().Wait();
}

for (var round = 0; round < rounds;)
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
