using System.Runtime.InteropServices;
using System.Text;

namespace TokenRefresh.Storage;

/// <summary>
/// Flushes a directory to disk, on Linux and macOS. Only then does a file that was renamed into the directory have its new name on disk.
/// .NET can't open a directory, so this calls the operating system. On Windows the file system's journal makes it unnecessary.
/// </summary>
internal static class DirectoryFlush
{
    private const int ReadOnly = 0;
    private const int InputOutputError = 5;

#if NET8_0_OR_GREATER
    private static bool IsNeeded => OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();
#else
    private static bool IsNeeded => RuntimeInformation.IsOSPlatform(OSPlatform.Linux) || RuntimeInformation.IsOSPlatform(OSPlatform.OSX);
#endif

    /// <exception cref="IOException">The disk has failed.</exception>
    public static void Run(string directory)
    {
        if (!IsNeeded)
        {
            return;
        }

        var handle = Open(Encoding.UTF8.GetBytes(directory + '\0'), ReadOnly);
        if (handle < 0)
        {
            return;
        }

        try
        {
            // Some file systems return another error, because they can't flush a directory and don't need it.
            if (Flush(handle) != 0 && Marshal.GetLastWin32Error() == InputOutputError)
            {
                throw new IOException("The directory of the saved tokens can't be flushed to disk.");
            }
        }
        finally
        {
            _ = Close(handle);
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Flush(int handle);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int handle);
}
