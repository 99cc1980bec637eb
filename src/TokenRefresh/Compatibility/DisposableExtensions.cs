namespace TokenRefresh;

internal static class DisposableExtensions
{
    /// <summary>Disposes an object that is no longer in use. An exception, such as one of the app's own code, is ignored.</summary>
    public static void DisposeQuietly(this IDisposable disposable)
    {
        try
        {
            disposable.Dispose();
        }
        catch (Exception)
        {
            // The object is no longer in use, so its failure changes nothing.
        }
    }
}
