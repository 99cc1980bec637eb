namespace TokenRefresh;

internal static class ExceptionExtensions
{
    /// <summary>Finds the first exception of a type: this one, or one inside it. If there is none, <see langword="null"/>.</summary>
    public static T? FindInner<T>(this Exception? exception)
        where T : Exception
    {
        while (exception is not (null or T))
        {
            exception = exception.InnerException;
        }

        return exception as T;
    }
}
