namespace TokenRefresh.Storage;

/// <summary>Moves a file over another one, which readers may have open.</summary>
/// <param name="move">Moves once; <see langword="null"/> for the file system's own move.</param>
internal sealed class FileMove(Action<string, string>? move = null)
{
    private const int MaxMoves = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly Action<string, string> _move = move ?? Move;

    /// <summary>
    /// Moves the file. On Windows a reader that has just opened the target, or a virus scanner, makes a move fail for a moment.
    /// </summary>
    public async Task RunAsync(string source, string target)
    {
        for (var moves = 1; ; moves++)
        {
            try
            {
                _move(source, target);
                return;
            }
            catch (Exception e) when (moves < MaxMoves && MayPass(e))
            {
                await TimeProvider.System.Delay(Pause, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private static bool MayPass(Exception e) => e is UnauthorizedAccessException || (e is IOException io && FileLock.IsHeld(io));

#if NET8_0_OR_GREATER
    private static void Move(string source, string target) => File.Move(source, target, overwrite: true);
#else
    private static void Move(string source, string target)
    {
        if (File.Exists(target))
        {
            File.Replace(source, target, destinationBackupFileName: null);
            return;
        }

        File.Move(source, target);
    }
#endif
}
