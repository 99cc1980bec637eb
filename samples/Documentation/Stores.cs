using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Samples.Documentation;

/// <summary>The context of docs/stores.md.</summary>
public sealed class AppDbContext(DbContextOptions<AppDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.AddTokenSessions();
}

/// <summary>docs/stores.md.</summary>
public static class Stores
{
    public static void Database(IServiceCollection services, string keys)
    {
        services.AddDbContext<AppDbContext>(options => options.UseNpgsql("Host=db.example.com;Database=shop"));
        services.AddDataProtection().PersistKeysToFileSystem(new DirectoryInfo(keys)).SetApplicationName("shop");
        services.AddTokenSession("orders").UseEntityFrameworkCore<AppDbContext>().UseDataProtection();
    }

    public static async Task RemoveEndedAsync(IServiceProvider provider, CancellationToken cancellationToken)
    {
        var store = provider.GetRequiredService<EntityFrameworkCoreTokenStore<AppDbContext>>();
        await store.RemoveEndedAsync(TimeSpan.FromDays(1), cancellationToken);
    }
}

/// <summary>A store over HTTP, as docs/stores.md has it.</summary>
public sealed class ETagTokenStore(HttpClient client, TimeProvider time) : ITokenStore
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    public async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        using var response = await client.GetAsync(NameOf(key), cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        var text = await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(cancellationToken);
        var age = response.Headers.Date - response.Content.Headers.LastModified;
        return new StoredRecord(text, $"{response.Headers.ETag}", age > TimeSpan.Zero ? age.Value : TimeSpan.Zero);
    }

    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, NameOf(key)) { Content = new StringContent(text) };
        request.Headers.TryAddWithoutValidation(expectedRevision is null ? "If-None-Match" : "If-Match", expectedRevision ?? "*");
        using var response = await client.SendAsync(request, cancellationToken);
        return response.StatusCode is HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict or HttpStatusCode.NotFound
            ? await ReadAsync(key, cancellationToken)
            : new StoredRecord(text, $"{response.EnsureSuccessStatusCode().Headers.ETag}", TimeSpan.Zero);
    }

    public async ValueTask WaitForChangeAsync(
        TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        await Task.Delay(timeout < PollInterval ? timeout : PollInterval, time, cancellationToken);

    private static string NameOf(TokenSessionKey key) =>
        Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes($"{key.SessionName.Length}:{key.SessionName}:{key.UserKey}".AsSpan())));
}
