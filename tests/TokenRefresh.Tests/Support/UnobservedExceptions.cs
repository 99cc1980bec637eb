using System.Collections.Concurrent;

namespace TokenRefresh.Tests.Support;

/// <summary>Collects the exceptions of tasks that no code has looked at. A test that uses it runs alone.</summary>
internal static class UnobservedExceptions
{
    // The stack trace of each exception that passes through the library has this name.
    private const string Library = "TokenRefresh";

    /// <summary>Runs something, and collects the exceptions that it leaves behind.</summary>
    /// <param name="act">What is run. Nothing may hold its objects afterwards.</param>
    public static async Task<IReadOnlyCollection<string>> CollectAsync(Func<Task> act)
    {
        // Earlier tests leave failed tasks behind.
        CollectGarbage();
        var unobserved = new ConcurrentQueue<string>();
        void Count(object? sender, UnobservedTaskExceptionEventArgs e)
        {
            if (e.Exception.ToString() is var text && text.Contains(Library, StringComparison.Ordinal))
            {
                unobserved.Enqueue(text);
            }
        }

        TaskScheduler.UnobservedTaskException += Count;
        try
        {
            await act();
            CollectGarbage();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Count;
        }

        return unobserved;
    }

    private static void CollectGarbage()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
