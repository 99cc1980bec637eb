using System.Text.RegularExpressions;
using StackExchange.Redis;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.Redis.Tests;

/// <summary>A redis-server with a user who has exactly the rights that docs/processes.md names.</summary>
public sealed partial class RestrictedUserFixture : RedisServerFixture
{
    public override string AppConfiguration => $"127.0.0.1:{Port},user=tokens,password=secret,connectTimeout=2000,abortConnect=false";

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        if (Missing is null)
        {
            await SetRightsAsync("tokens", DocumentedRights());
        }
    }

    public async Task FlushAsync()
    {
        await using var administrator = await ConnectAsAdministratorAsync();
        await administrator.GetServers()[0].FlushAllDatabasesAsync();
    }

    public static string[] DocumentedRights()
    {
        // The compiler's path of this file is another one in a deterministic build.
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "TokenRefresh.sln")))
        {
            folder = folder.Parent!;
        }

        var page = Path.Combine(folder.FullName, "docs", "processes.md");
        return Rights().Match(File.ReadAllText(page)).Groups[1].Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
    }

    [GeneratedRegex("Rights: `([^`]+)`")]
    private static partial Regex Rights();
}

[Trait("Case", "S7")]
public sealed class RestrictedUserContract(RestrictedUserFixture server) : RedisContract(server), IClassFixture<RestrictedUserFixture>;

[Trait("Case", "S7")]
public sealed class SharedLoginOfRestrictedUser(RestrictedUserFixture server) : SharedLoginInRedis(server), IClassFixture<RestrictedUserFixture>
{
    // The rights are those of the default names, so the tests of this class clear their server.
    private readonly RestrictedUserFixture _server = server;

    protected override RedisTokenStoreOptions Options { get; } = new();

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await _server.FlushAsync();
    }
}

/// <summary>A user who may not publish, or not subscribe: notifications are lost, which only costs time.</summary>
[Trait("Case", "S7")]
public sealed class SilentUserTests(RestrictedUserFixture server) : IClassFixture<RestrictedUserFixture>
{
    private static readonly TokenSessionKey Key = new("orders");

    [Theory]
    [InlineData("resetchannels")]
    [InlineData("-publish")]
    [InlineData("-subscribe")]
    [InlineData("resetchannels", "-publish", "-subscribe")]
    public async Task A_write_whose_notification_is_refused_is_made_and_found_by_a_poll(params string[] withdrawn)
    {
        server.Require();
        await server.FlushAsync();
        await server.SetRightsAsync("silent", [.. RestrictedUserFixture.DocumentedRights(), .. withdrawn]);
        await using var first = await ConnectAsync();
        await using var second = await ConnectAsync();
        await using var store = new RedisTokenStore(first);
        await using var other = new RedisTokenStore(second, new RedisTokenStoreOptions { PollInterval = TimeSpan.FromMilliseconds(50) });

        await new OtherProcess(store, Key).SignInAsync(new TokenSet("access-1", "refresh-1"));
        var read = await other.ReadAsync(Key, default);
        var waiting = other.WaitForChangeAsync(Key, read?.Revision, TimeSpan.FromMinutes(10), default).AsTask();
        Assert.Equal(LoginStatus.Succeeded, (await new OtherProcess(store, Key).SaveAsync(new TokenSet("access-2", "refresh-2"))).Status);
        await waiting.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal("access-2", (await new OtherProcess(other, Key).TokensAsync())?.AccessToken);
    }

    private Task<ConnectionMultiplexer> ConnectAsync() =>
        ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{server.Port},user=silent,password=secret,abortConnect=false,connectTimeout=2000");
}
