using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using TokenRefresh.TestKit;
using Xunit;

namespace TokenRefresh.Tests.Storage;

/// <summary>Real processes that share one saved login, some of them killed hard in mid-refresh.</summary>
public sealed class KilledProcessTests : IDisposable
{
    private readonly string _directory = TestDirectory.Create();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [Trait("Case", "C4")]
    [InlineData("locked", TokenServerMode.Strict, new[] { "refresh-1" })]
    [InlineData("claimed", TokenServerMode.Strict, new[] { "refresh-1" })]
    [InlineData("saved", TokenServerMode.Strict, new[] { "refresh-1", "refresh-2" })]
    [InlineData("answered", TokenServerMode.Grace, new[] { "refresh-1", "refresh-1" })]
    public async Task After_a_leader_was_killed_the_next_process_refreshes(string step, TokenServerMode mode, string[] presented)
    {
        using var tokens = new FakeTokenServer(TimeProvider.System, mode);
        using var server = new LoopbackTokenServer(tokens);
        await SignInAsync(tokens);
        await KillAtAsync(step, server);

        var said = await RunAsync(server, rounds: 1);

        Assert.Equal(["refreshed"], said);
        Assert.Equal(presented, tokens.Presented);
    }

    [Fact]
    [Trait("Case", "C4")]
    public async Task A_pair_that_died_with_its_process_costs_one_new_sign_in_and_no_loop()
    {
        using var tokens = new FakeTokenServer(TimeProvider.System, TokenServerMode.Strict);
        using var server = new LoopbackTokenServer(tokens);
        await SignInAsync(tokens);
        await KillAtAsync("answered", server);

        var first = await RunAsync(server, rounds: 1);
        var second = await RunAsync(server, rounds: 1);

        Assert.Equal(["event LostRotation", "failed ReLoginRequired"], first);
        Assert.Equal("failed ReLoginRequired", second[^1]);
        Assert.Equal(["refresh-1", "refresh-1"], tokens.Presented);
    }

    [Fact]
    [Trait("Case", "C4")]
    public async Task Processes_side_by_side_present_no_refresh_token_twice()
    {
        using var tokens = new FakeTokenServer(TimeProvider.System, TokenServerMode.Family);
        using var server = new LoopbackTokenServer(tokens);
        await SignInAsync(tokens);

        var said = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RunAsync(server, rounds: 10)));

        Assert.All(said, lines => Assert.Equal(Enumerable.Repeat("refreshed", 10), lines));
        Assert.Equal(0, tokens.PresentedTwice);
        Assert.Equal(1, tokens.PeakInFlight);
    }

    private async Task SignInAsync(FakeTokenServer tokens)
    {
        var options = new TokenRefreshOptions { TokenEndpoint = new Uri("https://login.example.com/token"), ClientId = "shop" };
        await using var session = TokenSession.Create(options, store: new FileTokenStore(_directory), allowPlaintextTokens: true, name: "orders");
        await session.SignInAsync(tokens.Issue());
    }

    private async Task KillAtAsync(string step, LoopbackTokenServer server)
    {
        using var process = Start(server, step, rounds: 1);
        Assert.Equal("stopped", await process.StandardOutput.ReadLineAsync().WaitAsync(Gate.FailSafe, TimeProvider.System));
        process.Kill();
        await process.WaitForExitAsync();
    }

    private async Task<List<string>> RunAsync(LoopbackTokenServer server, int rounds)
    {
        using var process = Start(server, "-", rounds);
        var said = new List<string>();
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(Gate.FailSafe, TimeProvider.System) is { } line)
        {
            said.Add(line);
        }

        await process.WaitForExitAsync();
        return said;
    }

    private Process Start(LoopbackTokenServer server, string step, int rounds) => Process.Start(new ProcessStartInfo(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "TokenRefresh.ProcessNode.dll"), _directory, server.Endpoint.ToString(), step, $"{rounds}"])
    {
        RedirectStandardOutput = true,
        UseShellExecute = false,
    })!;
}
