using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace TokenRefresh.Samples.Documentation;

/// <summary>The store of docs/desktop.md.</summary>
public sealed class SecureTokenStore : LocalTokenStore
{
    private static string Name(TokenSessionKey key) => $"tokens:{key.SessionName.Length}:{key.SessionName}:{key.UserKey}";

    protected override async ValueTask<string?> ReadTextAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
        await SecureStorage.Default.GetAsync(Name(key));

    protected override async ValueTask WriteTextAsync(TokenSessionKey key, string text, CancellationToken cancellationToken) =>
        await SecureStorage.Default.SetAsync(Name(key), text);

    protected override ValueTask RemoveTextAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        SecureStorage.Default.Remove(Name(key));
        return default;
    }
}

/// <summary>docs/processes.md.</summary>
public static class Processes
{
    public static void Maui(IHostApplicationBuilder builder)
    {
        builder.Services.AddTokenSession("orders").UseStore(new SecureTokenStore()).AllowUnencryptedStore();   // the keychain encrypts
    }

    public static void Files(IServiceCollection services, string keys, string data)
    {
        services.AddDataProtection().PersistKeysToFileSystem(new DirectoryInfo(keys)).SetApplicationName("shop");
        services.AddTokenSession("orders").UseFileStore(Path.Combine(data, "tokens")).UseDataProtection();
    }

    public static void Redis(IServiceCollection services, IConnectionMultiplexer connection)
    {
        services.AddDataProtection().PersistKeysToStackExchangeRedis(connection, "keys").SetApplicationName("shop");
        services.AddTokenSession("orders")
                .UseRedis("redis.example.com:6380,ssl=true,user=tokens,password=secret")     // or a connection, or p => p.GetRequiredService<…>()
                .UseDataProtection();
    }
}

/// <summary>Stands for MAUI's class of this name, whose members these are: MAUI itself needs a workload to be built.</summary>
internal sealed class SecureStorage
{
    private readonly Dictionary<string, string> _values = [];

    public static SecureStorage Default { get; } = new();

    public Task<string?> GetAsync(string key) => Task.FromResult(_values.GetValueOrDefault(key));

    public Task SetAsync(string key, string value)
    {
        _values[key] = value;
        return Task.CompletedTask;
    }

    public bool Remove(string key) => _values.Remove(key);
}
