#if !NET8_0_OR_GREATER
using System.Runtime.InteropServices;

// The netstandard2.0 build sets no permissions, so most of its methods need no state.
#pragma warning disable CA1822
#endif

namespace TokenRefresh.Storage;

/// <summary>
/// Files that only their owner can use, or also the owner's group if the app allows it. A write replaces the whole file or nothing. The
/// owner isn't checked, because no other user can create or open a file in a directory that is closed to others.
/// </summary>
internal sealed class OwnerOnlyFile
{
    private readonly Action<string> _flushDirectory;
    private readonly FileMove _move;
#if NET8_0_OR_GREATER
    private const UnixFileMode Permissions = (UnixFileMode)0x1FF;
    private readonly UnixFileMode _directoryMode;
    private readonly UnixFileMode _fileMode;
#endif

    public OwnerOnlyFile(bool allowsGroup = false, Action<string>? flushDirectory = null, FileMove? move = null)
    {
        _move = move ?? new FileMove();
        _flushDirectory = flushDirectory ?? DirectoryFlush.Run;
#if NET8_0_OR_GREATER
        _fileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite
            | (allowsGroup ? UnixFileMode.GroupRead | UnixFileMode.GroupWrite : UnixFileMode.None);
        _directoryMode = _fileMode | UnixFileMode.UserExecute | (allowsGroup ? UnixFileMode.GroupExecute : UnixFileMode.None);
#endif
    }

    /// <summary>Creates the directory if it isn't there.</summary>
    /// <exception cref="TokenStoreConfigurationException">The directory is a link, open to others, or can't be made.</exception>
    public void EnsureDirectory(string path)
    {
        CheckDirectory(path);
        if (Directory.Exists(path))
        {
            return;
        }

        try
        {
            Create(path);
        }
        catch (UnauthorizedAccessException)
        {
            throw new TokenStoreConfigurationException(
                $"The directory {path} can't be created: this process's user may not write there. Create it as that user.");
        }

        // Otherwise a power cut could remove the directory, with all records in it.
        _flushDirectory(Path.GetDirectoryName(path)!);
        CheckDirectory(path);
    }

    /// <summary>Checks the directory, if it is there.</summary>
    /// <exception cref="TokenStoreConfigurationException">The directory is a link, a file, or open to others.</exception>
    public void CheckDirectory(string path)
    {
        var directory = new DirectoryInfo(path);
        RefuseLink(directory, "directory");
        for (var part = path; part is not null && !Directory.Exists(part); part = Path.GetDirectoryName(part))
        {
            if (File.Exists(part))
            {
                throw new TokenStoreConfigurationException(
                    $"{part} is a file, where a directory for saved tokens must be. Remove it, or use another directory.");
            }
        }

#if NET8_0_OR_GREATER
        if (!OperatingSystem.IsWindows() && directory.Exists
            && (directory.UnixFileMode & Permissions & ~_directoryMode) != UnixFileMode.None)
        {
            throw new TokenStoreConfigurationException(
                $"The directory {path} has the permissions {directory.UnixFileMode & Permissions}. Only its owner may have permissions. "
                + "Run: chmod 700, or set FileTokenStoreOptions.AllowGroupAccess if only the group has them too.");
        }
#endif
    }

    /// <summary>Opens a file for this process alone, and creates it if it isn't there.</summary>
    /// <returns>The file; <see langword="null"/> if another holder has it open.</returns>
    /// <exception cref="TokenStoreConfigurationException">The file is a link, open to others, or can't be opened.</exception>
    public FileStream? TryOpenExclusive(string path, FileOptions options = FileOptions.None)
    {
        RefuseLink(new FileInfo(path), "file");
        try
        {
            return Checked(Open(path, FileMode.OpenOrCreate, options), path);
        }
        catch (UnauthorizedAccessException)
        {
            throw CantOpen(path);
        }
        catch (IOException e) when (FileLock.IsHeld(e))
        {
            return null;
        }
    }

    /// <summary>Reads a whole file, also while it is being replaced.</summary>
    /// <returns>The bytes; <see langword="null"/> if there is no file.</returns>
    /// <exception cref="InvalidDataException">The file is larger than <paramref name="maxSize"/>.</exception>
    /// <exception cref="TokenStoreConfigurationException">The file is a link, open to others, or can't be opened.</exception>
    public byte[]? Read(string path, int maxSize)
    {
        RefuseLink(new FileInfo(path), "file");
        try
        {
            using var file = Checked(
                new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Write | FileShare.Delete), path);
            if (file.Length > maxSize)
            {
                throw new InvalidDataException("The file is too large.");
            }

            using var bytes = new MemoryStream((int)file.Length);
            file.CopyTo(bytes);
            return bytes.ToArray();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            throw CantOpen(path);
        }
    }

    /// <summary>The path of the file that <see cref="ReplaceAsync"/> writes and then moves. A killed process may leave that file.</summary>
    public static string TemporaryOf(string path) => path + ".tmp";

    /// <summary>Replaces a file: its content and its name are on disk afterwards. For one caller at a time, who holds the lock.</summary>
    /// <exception cref="TokenStoreConfigurationException">The file can't be written by this user.</exception>
    public async Task ReplaceAsync(string path, byte[] bytes)
    {
        var temporary = TemporaryOf(path);
        try
        {
            File.Delete(temporary);
            using (var file = Open(temporary, FileMode.CreateNew, FileOptions.None))
            {
                file.Write(bytes, 0, bytes.Length);
                file.Flush(flushToDisk: true);
            }

            await _move.RunAsync(temporary, path).ConfigureAwait(false);
        }
        catch (UnauthorizedAccessException)
        {
            throw CantOpen(Directory.Exists(temporary) ? temporary : path);
        }

        // Otherwise a power cut could restore the old file, whose refresh token is used up.
        _flushDirectory(Path.GetDirectoryName(path)!);
    }

    private static TokenStoreConfigurationException CantOpen(string path) => new(Directory.Exists(path)
        ? $"{path} is a directory, where a file of saved tokens must be. Remove it."
        : $"{path} can't be opened by this process's user. It belongs to another user, or its permissions were changed: "
            + "make it this user's own.");

    private static void RefuseLink(FileSystemInfo info, string kind)
    {
#if NET8_0_OR_GREATER
        // A link has attributes even if its target doesn't exist.
        var isThere = (int)info.Attributes != -1;
#else
        var isThere = info.Exists;
#endif
        if (isThere && info.Attributes.HasFlag(FileAttributes.ReparsePoint))
        {
            throw new TokenStoreConfigurationException(
                $"The {kind} {info.FullName} is a symbolic link. Tokens aren't written through links: use the real {kind}.");
        }
    }

#if NET8_0_OR_GREATER
    private void Create(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        // The process's umask may remove permissions of the group. The setgid bit of the parent directory stays.
        var made = Directory.CreateDirectory(path, _directoryMode);
        made.UnixFileMode = (made.UnixFileMode & ~Permissions) | _directoryMode;
    }

    private FileStream Open(string path, FileMode mode, FileOptions fileOptions)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = fileOptions };
        if (OperatingSystem.IsWindows())
        {
            return new FileStream(path, options);
        }

        var isNew = !File.Exists(path);
        options.UnixCreateMode = _fileMode;
        var file = new FileStream(path, options);
        if (isNew && (_fileMode & UnixFileMode.GroupWrite) != UnixFileMode.None)
        {
            File.SetUnixFileMode(file.SafeFileHandle, _fileMode);
        }

        return file;
    }

    private FileStream Checked(FileStream file, string path)
    {
        if (!OperatingSystem.IsWindows()
            && (File.GetUnixFileMode(file.SafeFileHandle) & Permissions & ~_directoryMode) != UnixFileMode.None)
        {
            file.Dispose();
            throw new TokenStoreConfigurationException(
                $"The file {path} can be used by others than its owner. Run: chmod 600, and find out who could read it; "
                + "or set FileTokenStoreOptions.AllowGroupAccess if only the group can.");
        }

        return file;
    }
#else
    private static void Create(string path)
    {
        if (!RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            throw new TokenStoreConfigurationException(
                $"The directory {path} isn't there, and this build can't make one that only its owner can use. Run: mkdir -m 700");
        }

        Directory.CreateDirectory(path);
    }

    private static FileStream Open(string path, FileMode mode, FileOptions options) =>
        new(path, mode, FileAccess.ReadWrite, FileShare.None, bufferSize: 4096, options);

    private static FileStream Checked(FileStream file, string _) => file;
#endif
}
