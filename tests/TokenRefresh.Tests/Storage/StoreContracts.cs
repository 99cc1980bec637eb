using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Storage;

public abstract class FakeTimeContract : StoreContractTests
{
    protected FakeTimeProvider Time { get; } = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    protected override Task AdvanceTimeAsync(TimeSpan time)
    {
        Time.Advance(time);
        return Task.CompletedTask;
    }
}

public sealed class MemoryTokenStoreContract : FakeTimeContract
{
    private MemoryTokenStore? _store;

    protected override ITokenStore Open() => _store ??= new MemoryTokenStore(Time);
}

public sealed class LocalTokenStoreContract : FakeTimeContract
{
    private DictionaryTokenStore? _store;

    protected override ITokenStore Open() => _store ??= new DictionaryTokenStore(Time);
}

public sealed class FileTokenStoreContract : FakeTimeContract
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "tokenrefresh-" + Guid.NewGuid().ToString("N"));

    public override async ValueTask DisposeAsync()
    {
        await TestDirectory.DeleteAsync(_directory);
        await base.DisposeAsync();
    }

    public override ValueTask InitializeAsync()
    {
        TestDirectory.Create(_directory);
        return default;
    }

    protected override ITokenStore Open() => new FileTokenStore(_directory, timeProvider: Time);
}

/// <summary>The simple store that the documentation shows, over a dictionary.</summary>
internal sealed class DictionaryTokenStore(TimeProvider? time = null) : LocalTokenStore(time)
{
    public ConcurrentDictionary<TokenSessionKey, string> Texts { get; } = new();

    protected override ValueTask<string?> ReadTextAsync(TokenSessionKey key, CancellationToken cancellationToken) => new(Texts.GetValueOrDefault(key));

    protected override ValueTask WriteTextAsync(TokenSessionKey key, string text, CancellationToken cancellationToken)
    {
        Texts[key] = text;
        return default;
    }

    protected override ValueTask RemoveTextAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        Texts.TryRemove(key, out _);
        return default;
    }
}

internal static class TestDirectory
{
    /// <summary>Deletes a directory. A file store's clean-up runs in the background, and may create a lock file meanwhile.</summary>
    public static Task DeleteAsync(string path) => Eventually.UntilAsync(() => TryDelete(path));

    private static bool TryDelete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public static string Create(string? path = null)
    {
        path ??= Path.Combine(Path.GetTempPath(), "tokenrefresh-" + Guid.NewGuid().ToString("N"));
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}
