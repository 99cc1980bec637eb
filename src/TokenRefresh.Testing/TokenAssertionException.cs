namespace TokenRefresh.Testing;

/// <summary>The exception of a failed assertion. Every test framework reports it as a failed test.</summary>
public sealed class TokenAssertionException : Exception
{
    /// <summary>Creates the exception without a message of its own.</summary>
    public TokenAssertionException()
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">What was expected, and what was found.</param>
    public TokenAssertionException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and its cause.</summary>
    /// <param name="message">What was expected, and what was found.</param>
    /// <param name="innerException">The cause, or <see langword="null"/>.</param>
    public TokenAssertionException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
