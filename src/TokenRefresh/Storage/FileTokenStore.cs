using System.Text;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>
/// Keeps tokens in files, for one process or several processes on one machine. A login outlives its process. Only one process refreshes it
/// at a time.
/// </summary>
/// <remarks>
/// <para>
/// Each session has one small file, named by a hash. A write replaces the whole file and flushes it and its directory to disk. Readers take
/// no lock. A process that refreshes holds a lock file. The operating system releases it when the process ends, so another process can take
/// over at once. The files of a user who signed out are removed a week later; at most 256 empty lock files stay.
/// </para>
/// <para>
/// On Unix the store creates the directory with the permissions 0700 and each file with 0600. It refuses symbolic links, and files and
/// directories that others can use; see <see cref="FileTokenStoreOptions.AllowGroupAccess"/> for the group. The netstandard2.0 build can't
/// set permissions: on Unix, create the directory yourself (<c>mkdir -m 700</c>). On Windows the directory's access list decides: use a
/// directory in the user's profile.
/// </para>
/// <para>
/// Don't use a network drive whose locks don't hold between machines, and don't turn off .NET's file locking
/// (<c>System.IO.DisableFileLocking</c>). A process that is paused during a write (a debugger, <c>SIGSTOP</c>) holds the lock until it
/// continues or ends. Meanwhile other processes can read, and their writes fail after 10 seconds.
/// </para>
/// </remarks>
public sealed class FileTokenStore : ITokenStore, ITokenStoreLock, IBuiltInTokenStore
{
    private const string UnreadableRevision = "unreadable";

    // A record and its first line.
    private const int MaxFileSize = (1024 * 1024) + 256;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _directory;
    private readonly OwnerOnlyFile _files;
    private readonly FileCleanUp _cleanUp;
    private readonly TimeProvider _time;

    /// <summary>Creates the store. Nothing is read or written yet.</summary>
    /// <param name="directory">A directory of its own on a local disk. It is created when it is first needed.</param>
    /// <param name="options">The options of the store, or <see langword="null"/> for the defaults. They are read once, here.</param>
    /// <param name="timeProvider">The clock, or <see langword="null"/> for the system's.</param>
    /// <exception cref="ArgumentException"><paramref name="directory"/> is empty.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="directory"/> is <see langword="null"/>.</exception>
    public FileTokenStore(string directory, FileTokenStoreOptions? options = null, TimeProvider? timeProvider = null)
    {
        Require.NotEmpty(directory, nameof(directory));
        _directory = Path.GetFullPath(directory);
        _time = timeProvider ?? TimeProvider.System;
        _files = new OwnerOnlyFile(options?.AllowGroupAccess ?? false);
        _cleanUp = new FileCleanUp(this, _directory, _time);
    }

    bool IBuiltInTokenStore.IsInMemory => false;

    /// <inheritdoc/>
    public async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var path = PathOf(StoreKey.For(key));
        var record = await OtherThread.RunAsync(() => Task.FromResult(Find(path))).ConfigureAwait(false);
        return record is { Revision: UnreadableRevision }
            ? throw new TokenStoreConfigurationException(
                $"The file {path} holds no record of this format: it is damaged, or was written by another version. It was left unchanged. "
                + "Restore it, or sign in again to replace it.")
            : record;
    }

    /// <inheritdoc/>
    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        Require.NotNull(text, nameof(text));
        var name = StoreKey.For(key);
        _files.EnsureDirectory(_directory);
        using var step = await LockStepAsync(name, cancellationToken).ConfigureAwait(false);

        // A write that has begun isn't cancelled. It runs on another thread, because it flushes to disk.
        var record = await OtherThread.RunAsync(
            () => CompareExchangeAsync(name, text, expectedRevision, keepFor)).ConfigureAwait(false);
        _cleanUp.StartIfDue();
        return record;
    }

    /// <inheritdoc/>
    public async ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var path = PathOf(StoreKey.For(key));
        var start = _time.GetTimestamp();
        while (timeout - _time.GetElapsedTime(start) is var rest && rest > TimeSpan.Zero && Find(path)?.Revision == revision)
        {
            await _time.Delay(PollInterval < rest ? PollInterval : rest, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IDisposable?> TryLockAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        var name = StoreKey.For(key);
        _files.EnsureDirectory(_directory);

        // Only the holder of the step's lock may open or remove this lock's file.
        using var step = await LockStepAsync(name, cancellationToken).ConfigureAwait(false);
        return _files.TryOpenExclusive(LeaseOf(name));
    }

    /// <summary>Removes the files of a record that is no longer needed.</summary>
    internal async Task RemoveIfExpiredAsync(string name, CancellationToken cancellationToken)
    {
        if (IsNeeded(name))
        {
            return;
        }

        using var step = await LockStepAsync(name, cancellationToken).ConfigureAwait(false);
        if (!IsNeeded(name))
        {
            File.Delete(PathOf(name));
            File.Delete(OwnerOnlyFile.TemporaryOf(PathOf(name)));
            RemoveLease(name);
        }
    }

    private bool IsNeeded(string name) =>
        Read(PathOf(name)) is { } bytes
            ? Decode(bytes)?.IsExpired(_time.GetUtcNow()) != true
            : !File.Exists(LeaseOf(name)) && !File.Exists(OwnerOnlyFile.TemporaryOf(PathOf(name)));

    private async Task<StoredRecord?> CompareExchangeAsync(string name, string text, string? expectedRevision, TimeSpan? keepFor)
    {
        var current = Find(PathOf(name));
        if (current?.Revision != expectedRevision)
        {
            return current;
        }

        var now = _time.GetUtcNow();
        var next = StoredText.New(text, keepFor, now);
        await _files.ReplaceAsync(PathOf(name), Utf8.GetBytes(next.Write())).ConfigureAwait(false);
        if (keepFor is not null)
        {
            // The login has ended. Its record is removed later.
            RemoveLease(name);
        }

        return next.ToRecord(now);
    }

    /// <summary>Finds the record. A record that can't be read has a revision too, so that a sign-in can replace it.</summary>
    private StoredRecord? Find(string path)
    {
        try
        {
            if (Read(path) is not { } bytes)
            {
                return null;
            }

            var now = _time.GetUtcNow();
            return Decode(bytes) is not { } stored ? new StoredRecord("", UnreadableRevision, TimeSpan.Zero)
                : stored.IsExpired(now) ? null
                : stored.ToRecord(now);
        }
        catch (InvalidDataException)
        {
            return new StoredRecord("", UnreadableRevision, TimeSpan.Zero);
        }
    }

    private byte[]? Read(string path)
    {
        _files.CheckDirectory(_directory);
        return _files.Read(path, MaxFileSize);
    }

    private static StoredText? Decode(byte[] bytes)
    {
        try
        {
            return StoredText.Read(Utf8.GetString(bytes));
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // There are at most 256 lock files for any number of users, because a lock file per user could never be removed safely.
    private Task<FileLock> LockStepAsync(string name, CancellationToken cancellationToken) =>
        FileLock.TakeAsync(_files, Path.Combine(_directory, $"{name[0]}{name[1]}.lock"), _time, cancellationToken);

    private void RemoveLease(string name)
    {
        if (File.Exists(LeaseOf(name)))
        {
            _files.TryOpenExclusive(LeaseOf(name), FileOptions.DeleteOnClose)?.Dispose();
        }
    }

    private string LeaseOf(string name) => Path.Combine(_directory, name + ".lease");

    private string PathOf(string name) => Path.Combine(_directory, name + ".record");
}
