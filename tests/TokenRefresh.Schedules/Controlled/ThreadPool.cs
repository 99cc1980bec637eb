namespace TokenRefresh;

/// <summary>Found before the system's from inside this namespace: work that Coyote can hold back.</summary>
internal static class ThreadPool
{
    public static void UnsafeQueueUserWorkItem(WaitCallback work, object? state) => _ = Task.Run(() => work(state));

    public static void UnsafeQueueUserWorkItem(IThreadPoolWorkItem work, bool preferLocal) => _ = Task.Run(work.Execute);
}
