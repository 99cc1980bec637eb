namespace TokenRefresh.Storage;

/// <summary>Removes the files of records that are no longer needed: at the first write of the process, and every few hours.</summary>
internal sealed class FileCleanUp(FileTokenStore store, string directory, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(6);

    private readonly object _lock = new();
    private long? _last;

    /// <summary>Starts the removal in the background if it is due. A failure has no effect.</summary>
    public void StartIfDue()
    {
        lock (_lock)
        {
            if (_last is { } last && time.GetElapsedTime(last) < Interval)
            {
                return;
            }

            _last = time.GetTimestamp();
        }

        _ = Task.Run(() => TryAsync(() => RunAsync(CancellationToken.None)));
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var names = Directory.EnumerateFiles(directory)
            .Select(file => Path.GetFileName(file).Split('.') is [{ Length: 40 } name, "record" or "lease", ..] ? name : "")
            .Where(name => name.Length > 0)
            .Distinct(StringComparer.Ordinal)
            .ToList();

        // A file that can't be read or removed doesn't keep other files from being removed.
        foreach (var name in names)
        {
            await TryAsync(() => store.RemoveIfExpiredAsync(name, cancellationToken)).ConfigureAwait(false);
        }
    }

    private static async Task TryAsync(Func<Task> step)
    {
        try
        {
            await step().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or TimeoutException
            or TokenStoreConfigurationException)
        {
            // The next removal tries again.
        }
    }
}
