namespace TokenRefresh;

/// <summary>Waits for tasks that continue without their waiter.</summary>
internal static class WaitExtensions
{
    /// <summary>Waits with cancellation, and observes the task's exception if the wait is cancelled.</summary>
    public static Task<T> WaitOrLeaveAsync<T>(this Task<T> task, CancellationToken cancellationToken)
    {
        Observe(task);
        return task.WaitAsync(cancellationToken);
    }

    /// <inheritdoc cref="WaitOrLeaveAsync{T}"/>
    public static Task WaitOrLeaveAsync(this Task task, CancellationToken cancellationToken)
    {
        Observe(task);
        return task.WaitAsync(cancellationToken);
    }

    /// <summary>Waits until the first of the tasks has completed. None of them fails.</summary>
    public static Task<Task> FirstOfAsync(params Task[] tasks) => Task.WhenAny(tasks);

    private static void Observe(Task task)
    {
        if (!task.IsCompleted)
        {
            _ = task.ContinueWith(
                failed => _ = failed.Exception,
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }
}
