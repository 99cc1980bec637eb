namespace TokenRefresh.Storage;

/// <summary>
/// The right to write. Within this process callers wait in a queue. Between processes the operating system decides, and it releases the
/// lock of a process that ended. The lock file isn't removed: otherwise two processes could lock two files with the same name.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(5);
    private static readonly Dictionary<string, Queue> Queues = new(StringComparer.Ordinal);

    private readonly string _path;
    private readonly Queue _queue;
    private bool _hasTurn;
    private FileStream? _file;

    private FileLock(string path)
    {
        _path = path;
        lock (Queues)
        {
            if (!Queues.TryGetValue(path, out var queue))
            {
                Queues[path] = queue = new Queue();
            }

            queue.Users++;
            _queue = queue;
        }
    }

    /// <exception cref="TimeoutException">Another process has held the lock for too long.</exception>
    public static async Task<FileLock> TakeAsync(OwnerOnlyFile files, string path, TimeProvider time, CancellationToken cancellationToken)
    {
        var taken = new FileLock(path);
        try
        {
            await taken._queue.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            taken._hasTurn = true;
            var start = time.GetTimestamp();
            while ((taken._file = files.TryOpenExclusive(path)) is null)
            {
                if (time.GetElapsedTime(start) > LongestWait)
                {
                    throw new TimeoutException("Another process holds the lock of the saved tokens.");
                }

                await time.Delay(RetryInterval, cancellationToken).ConfigureAwait(false);
            }

            return taken;
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        if (_hasTurn)
        {
            _queue.Turn.Release();
        }

        lock (Queues)
        {
            if (--_queue.Users == 0)
            {
                Queues.Remove(_path);
            }
        }
    }

    /// <summary>Whether the error means that another holder has the file open. Waiting doesn't help against other errors.</summary>
    /// <remarks>EAGAIN (Linux 11, Apple 35), ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION.</remarks>
    public static bool IsHeld(IOException e) => e.HResult is 11 or 35 || (e.HResult & 0xFFFF) is 32 or 33;

    private sealed class Queue
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public int Users { get; set; }
    }
}
