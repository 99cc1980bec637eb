namespace TokenRefresh;

/// <summary>The library's own, with a delay that Coyote controls: by the system's clock it may take any time.</summary>
internal static class TimeProviderExtensions
{
    public static async Task Delay(this TimeProvider time, TimeSpan delay, CancellationToken cancellationToken)
    {
        // Coyote lets a delay take any time. A fail-safe of seconds never comes before what it waits for, so it doesn't come at all.
        var isFailSafe = time == TimeProvider.System && delay >= TimeSpan.FromSeconds(5);
        if (time == TimeProvider.System && !isFailSafe)
        {
#pragma warning disable RS0030 // Coyote replaces this overload.
            await Task.Delay(delay, cancellationToken).ConfigureAwait(false);
#pragma warning restore RS0030
            return;
        }

        var over = new TaskCompletionSource<bool>();
        using var timer = isFailSafe ? null : time.CreateTimer(_ => over.TrySetResult(true), null, delay, Timeout.InfiniteTimeSpan);
        using var registration = cancellationToken.Register(() => over.TrySetResult(true));
        await over.Task.ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    public static CancellationTokenSource CreateTimeout(this TimeProvider time, TimeSpan delay) => new(delay, time);
}
