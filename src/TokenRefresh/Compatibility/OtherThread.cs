namespace TokenRefresh;

/// <summary>Runs code that may block before its first await, so that its caller can stop waiting for it.</summary>
internal static class OtherThread
{
    /// <summary>
    /// Runs the code on a pool thread; for a caller outside the pool, on a thread of its own. A flight that runs outside the pool must not
    /// wait for the pool: its waiters may block all of the pool's threads.
    /// </summary>
    public static Task<T> RunAsync<T>(Func<Task<T>> code) => Thread.CurrentThread.IsThreadPoolThread
        ? Task.Run(code)
        : Task.Factory.StartNew(code, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();

#if NET8_0_OR_GREATER
    /// <summary>
    /// Runs the code on a thread of its own, without the caller's context. Callers that block may use all threads of the pool.
    /// </summary>
    public static void Start(ParameterizedThreadStart code, object state) =>
        new Thread(code) { IsBackground = true, Name = "TokenRefresh" }.UnsafeStart(state);
#endif
}
