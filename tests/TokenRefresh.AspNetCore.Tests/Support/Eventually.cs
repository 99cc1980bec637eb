using TokenRefresh.Testing;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>Waits for what happens in the background.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<bool> condition)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Gate.FailSafe, "It didn't happen in time.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }
}
