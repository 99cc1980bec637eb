using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Tests.Support;

/// <summary>Counts the unobserved exceptions of tasks.</summary>
internal static class UnobservedExceptions
{
    /// <summary>Runs something, has everything collected that it left behind, and counts.</summary>
    /// <param name="act">What is run. Whatever it holds has to be out of reach afterwards.</param>
    /// <param name="mark">What the exceptions that count say in their text: other tests run beside this one.</param>
    public static async Task<IReadOnlyCollection<string>> CollectAsync(Func<Task> act, string mark)
    {
        var unobserved = new ConcurrentQueue<string>();
        void Count(object? sender, UnobservedTaskExceptionEventArgs e)
        {
            if (e.Exception.ToString() is var text && text.Contains(mark, StringComparison.Ordinal))
            {
                unobserved.Enqueue(text);
            }
        }

        TaskScheduler.UnobservedTaskException += Count;
        try
        {
            await act();
            for (var i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Count;
        }

        return unobserved;
    }
}
