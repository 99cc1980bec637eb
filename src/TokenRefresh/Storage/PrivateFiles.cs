using System;
using System.IO;
#if !NET8_0_OR_GREATER
using System.Runtime.InteropServices;
#endif

namespace TokenRefresh.Storage;

/// <summary>Files that are for their owner alone, replaced as a whole or not at all.</summary>
internal static class PrivateFiles
{
    // A record is a few KB. What is larger isn't one.
    private const int LongestFile = 1024 * 1024;

#if NET8_0_OR_GREATER
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerDirectory = OwnerFile | UnixFileMode.UserExecute;
#endif

    /// <exception cref="UnreadableTokensException">The directory is a link, or open to others.</exception>
    public static void EnsureDirectory(string path)
    {
        var directory = new DirectoryInfo(path);
        if (!directory.Exists)
        {
            Create(path);
            directory.Refresh();
        }

        RefuseLink(directory, "directory");
#if NET8_0_OR_GREATER
        if (!OperatingSystem.IsWindows())
        {
            if (directory.UnixFileMode != OwnerDirectory)
            {
                throw Refused($"The directory {path} has the permissions {directory.UnixFileMode}; tokens are kept in one that only its owner can use. Run: chmod 700");
            }

            try
            {
                // Changes nothing, but only the owner may do it.
                File.SetUnixFileMode(path, OwnerDirectory);
            }
            catch (UnauthorizedAccessException)
            {
                throw ForeignOwner(path);
            }
        }
#endif
    }

    /// <summary>Opens a file for this process alone, and creates it where it isn't there.</summary>
    /// <exception cref="IOException">Another process has it open.</exception>
    /// <exception cref="UnreadableTokensException">The file is a link, or open to others.</exception>
    public static FileStream OpenAlone(string path)
    {
        RefuseLink(new FileInfo(path), "file");
        return Checked(Open(path, FileMode.OpenOrCreate), path);
    }

    /// <summary>Reads a whole file, whoever may be replacing it.</summary>
    /// <returns><see langword="null"/>: there is none.</returns>
    /// <exception cref="UnreadableTokensException">The file is a link, open to others, or too large.</exception>
    public static byte[]? Read(string path)
    {
        RefuseLink(new FileInfo(path), "file");
        try
        {
            using var file = Checked(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Write | FileShare.Delete), path);
            if (file.Length > LongestFile)
            {
                throw Refused($"The file {path} is too large for a token record. Remove it and sign in again.");
            }

            using var bytes = new MemoryStream((int)file.Length);
            file.CopyTo(bytes);
            return bytes.ToArray();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Replaces a file. Only one caller at a time: whoever holds the lock.</summary>
    public static void Replace(string path, byte[] bytes)
    {
        // What a killed process left is in nobody's way.
        var temporary = path + ".tmp";
        File.Delete(temporary);
        using (var file = Open(temporary, FileMode.CreateNew))
        {
            file.Write(bytes, 0, bytes.Length);
            file.Flush(flushToDisk: true);
        }

#if NET8_0_OR_GREATER
        File.Move(temporary, path, overwrite: true);
#else
        if (File.Exists(path))
        {
            File.Replace(temporary, path, destinationBackupFileName: null);
            return;
        }

        File.Move(temporary, path);
#endif
    }

    private static void RefuseLink(FileSystemInfo info, string kind)
    {
#if NET8_0_OR_GREATER
        // The attributes of a link that leads nowhere are there too, though its file isn't.
        var isThere = (int)info.Attributes != -1;
#else
        var isThere = info.Exists;
#endif
        if (isThere && info.Attributes.HasFlag(FileAttributes.ReparsePoint))
        {
            throw Refused($"The {kind} {info.FullName} is a symbolic link. Tokens aren't written through links: use the real {kind}.");
        }
    }

    private static UnreadableTokensException Refused(string message) => new(message);

#if NET8_0_OR_GREATER
    private static void Create(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, OwnerDirectory);
    }

    private static FileStream Open(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerFile;
        }

        return new FileStream(path, options);
    }

    private static FileStream Checked(FileStream file, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return file;
        }

        try
        {
            if ((File.GetUnixFileMode(file.SafeFileHandle) | OwnerDirectory) != OwnerDirectory)
            {
                throw Refused($"The file {path} can be used by others than its owner. Run: chmod 600, and find out who could read it.");
            }

            File.SetUnixFileMode(file.SafeFileHandle, OwnerFile);
            return file;
        }
        catch (UnauthorizedAccessException)
        {
            file.Dispose();
            throw ForeignOwner(path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static UnreadableTokensException ForeignOwner(string path) =>
        Refused($"{path} belongs to another user. Tokens are kept where only this process's user can write.");
#else
    private static void Create(string path)
    {
        if (!RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
        {
            throw Refused($"The directory {path} isn't there, and this build can't make one that only its owner can use. Run: mkdir -m 700");
        }

        Directory.CreateDirectory(path);
    }

    private static FileStream Open(string path, FileMode mode) => new(path, mode, FileAccess.ReadWrite, FileShare.None);

    private static FileStream Checked(FileStream file, string path)
    {
        _ = path;
        return file;
    }
#endif
}
