using System;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>
/// Keeps tokens in files, for one process or several of the same user on one machine: a login survives its process, and only one of
/// them refreshes it at a time.
/// </summary>
/// <remarks>
/// <para>
/// One small file per session, named by a hash. It is replaced as a whole and flushed to disk before a step counts as done; readers take
/// no lock. Writers take turns by a lock file that the operating system frees when a process dies.
/// </para>
/// <para>
/// On Unix the directory (0700) and the files (0600) are for their owner alone from the moment they exist; a symbolic link, or
/// permissions for anybody else, are refused. Run as root, another owner isn't noticed. The netstandard2.0 build can't set permissions:
/// on Unix, make the directory yourself (<c>mkdir -m 700</c>). On Windows the directory's access list decides: use one in the user's
/// profile. Network drives whose locks don't hold between machines are no place for it, nor is a process that has switched off .NET's file
/// locking (<c>System.IO.DisableFileLocking</c>).
/// </para>
/// </remarks>
public sealed class FileTokenStore : RecordTokenStore
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _directory;

    /// <summary>Creates the store. Nothing is read or written yet.</summary>
    /// <param name="directory">A directory of its own on a local disk. It is created when it is first needed.</param>
    /// <param name="timeProvider">The clock that leases end by, or <see langword="null"/> for the system's.</param>
    /// <exception cref="ArgumentException"><paramref name="directory"/> is empty.</exception>
    public FileTokenStore(string directory, TimeProvider? timeProvider = null)
        : base(timeProvider)
    {
        Require.NotEmpty(directory, nameof(directory));
        _directory = Path.GetFullPath(directory);
    }

    /// <inheritdoc/>
    public override async ValueTask WaitForChangeAsync(TokenSessionKey key, long version, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var path = PathOf(key);
        var ends = Time.GetUtcNow() + atMost;
        while (Read(path) is { LastAttempt.Owner: not null } record && record.Version == version && Time.GetUtcNow() < ends)
        {
            await Time.Delay(PollInterval, cancellationToken).ConfigureAwait(false);
        }
    }

    private protected override ValueTask<TokenStoreAnswer> LookAsync(TokenSessionKey key, RecordStep step, CancellationToken cancellationToken)
    {
        var path = PathOf(key);
        return new ValueTask<TokenStoreAnswer>(Task.Run(() => step(Read(path), Time.GetUtcNow()).Answer, cancellationToken));
    }

    private protected override async ValueTask<TokenStoreAnswer> StepAsync(TokenSessionKey key, RecordStep step, CancellationToken cancellationToken)
    {
        PrivateFiles.EnsureDirectory(_directory);
        var path = PathOf(key);
        using var held = await FileLock.TakeAsync(path + ".lock", Time, cancellationToken).ConfigureAwait(false);

        // Once begun, a step is finished: on another thread, since a flush to disk is no work for the caller's.
        return await Task.Run(() => Step(path, step), CancellationToken.None).ConfigureAwait(false);
    }

    private TokenStoreAnswer Step(string path, RecordStep step)
    {
        var record = Read(path);
        var (next, answer) = step(record, Time.GetUtcNow());
        if (next is not null && !ReferenceEquals(next, record))
        {
            PrivateFiles.Replace(path, Utf8.GetBytes(RecordText.Write(next)));
        }

        return answer;
    }

    /// <exception cref="UnreadableTokensException">The file is damaged, or isn't ours.</exception>
    private static TokenRecord? Read(string path)
    {
        if (PrivateFiles.Read(path) is not { } bytes)
        {
            return null;
        }

        try
        {
            return RecordText.Read(Utf8.GetString(bytes));
        }
        catch (Exception e) when (e is UnreadableTokensException or ArgumentException)
        {
            throw new UnreadableTokensException(
                $"The file {path} holds no tokens of this format: it is damaged, or was written by another version. It was left as it is. "
                + "Put back the right one, or remove it and sign in again.");
        }
    }

    private string PathOf(TokenSessionKey key) => Path.Combine(_directory, RecordName.Of(key) + ".json");
}
