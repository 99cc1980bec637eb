namespace TokenRefresh.Testing;

/// <summary>Something that was asserted isn't so. Every test framework takes it for a failed test.</summary>
public sealed class TokenAssertionException : Exception
{
    /// <summary>Fails without a reason.</summary>
    public TokenAssertionException()
    {
    }

    /// <summary>Fails with a reason.</summary>
    /// <param name="message">What was expected, and what was seen.</param>
    public TokenAssertionException(string message)
        : base(message)
    {
    }

    /// <summary>Fails with a reason and its cause.</summary>
    /// <param name="message">What was expected, and what was seen.</param>
    /// <param name="innerException">What came instead.</param>
    public TokenAssertionException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
