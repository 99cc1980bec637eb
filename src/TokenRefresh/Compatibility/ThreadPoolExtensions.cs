#if !NET8_0_OR_GREATER
namespace System.Threading
{
    /// <summary>Work for the pool that needs no delegate.</summary>
    internal interface IThreadPoolWorkItem
    {
        void Execute();
    }
}

namespace TokenRefresh
{
    /// <summary>A method that .NET has on later targets.</summary>
    internal static class ThreadPoolExtensions
    {
        extension(ThreadPool)
        {
            public static bool UnsafeQueueUserWorkItem(IThreadPoolWorkItem work, bool preferLocal) =>
                ThreadPool.UnsafeQueueUserWorkItem(static item => ((IThreadPoolWorkItem)item!).Execute(), work);
        }

        public static CancellationTokenRegistration UnsafeRegister(
            this CancellationToken cancellationToken, Action<object?> callback, object state) =>
            cancellationToken.Register(callback, state);
    }
}
#endif
