namespace TokenRefresh;

/// <summary>Operations on content of any type.</summary>
internal static class HttpContentExtensions
{
    /// <summary>Opens content for reading. An exception that is thrown at once is in the task, too.</summary>
    public static async Task<Stream> OpenAsync(this HttpContent content, CancellationToken cancellationToken)
    {
#if NET8_0_OR_GREATER
        return await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
#else
        cancellationToken.ThrowIfCancellationRequested();
        return await content.ReadAsStreamAsync().ConfigureAwait(false);
#endif
    }

    /// <summary>The length of content; zero if it is disposed, because then nothing can be read.</summary>
    public static long? LengthOrZero(this HttpContent content)
    {
        try
        {
            return content.Headers.ContentLength;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    public static void CopyHeadersTo(this HttpContent from, HttpContent to)
    {
#if NET8_0_OR_GREATER
        // Copy the unparsed values: parsed ones would be written differently.
        foreach (var header in from.Headers.NonValidated)
#else
        foreach (var header in from.Headers)
#endif
        {
            to.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }
    }
}
