namespace TokenRefresh.AspNetCore.Requests;

/// <summary>Finds the failure of a token in an exception of the app's code.</summary>
internal static class InnerExceptions
{
    // Clients such as Refit and gRPC wrap the exception once or twice, and an AggregateException adds a level.
    private const int MaxDepth = 10;

    /// <summary>Finds the first exception that matches: this one, or one inside it.</summary>
    /// <returns>The exception, or <see langword="null"/>.</returns>
    public static Exception? Find(Exception? exception, Predicate<Exception> match, int depth = 0)
    {
        if (exception is null || match(exception))
        {
            return exception;
        }

        if (depth == MaxDepth)
        {
            return null;
        }

        // Of several API calls at once, only one may have failed because of the token.
        return exception is AggregateException several
            ? several.InnerExceptions.Select(inner => Find(inner, match, depth + 1)).FirstOrDefault(found => found is not null)
            : Find(exception.InnerException, match, depth + 1);
    }
}
