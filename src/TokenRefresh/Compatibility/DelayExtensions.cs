namespace TokenRefresh;

/// <summary>Pauses that end early without an exception.</summary>
internal static class DelayExtensions
{
    /// <returns><see langword="true"/> if the token was cancelled before the delay was over.</returns>
    public static async Task<bool> DelayWasCancelledAsync(this TimeProvider time, TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await time.Delay(delay, cancellationToken).ConfigureAwait(false);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }
}
