using System;
using System.IO;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Protocol;

/// <summary>A token endpoint's answer, read within bounds: what the classifier needs to know, and nothing else.</summary>
internal sealed record TokenResponse(int Status)
{
    /// <summary>Counted after decompression.</summary>
    public const int MaxBodySize = 64 * 1024;

    /// <summary><see langword="null"/>: the body is no JSON object.</summary>
    public TokenFields? Fields { get; init; }

    /// <summary>The body was cut, or longer than <see cref="MaxBodySize"/>.</summary>
    public bool IsTruncated { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The server's clock when it answered.</summary>
    public DateTimeOffset? Date { get; init; }

    public static async Task<TokenResponse> ReadAsync(HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
    {
        var date = response.Headers.Date;
        var answer = new TokenResponse((int)response.StatusCode) { Date = date, RetryAfter = ReadRetryAfter(response, date ?? time.GetUtcNow()) };
        var buffer = new byte[MaxBodySize + 1];
        int length;
        try
        {
            length = await FillAsync(response.Content, buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is HttpRequestException or IOException or InvalidDataException)
        {
            return answer with { IsTruncated = true };
        }

        if (length > MaxBodySize)
        {
            return answer with { IsTruncated = true };
        }

        var fields = TokenFields.Read(buffer.AsSpan(0, length), out var isTruncated);
        return answer with { Fields = fields, IsTruncated = isTruncated };
    }

    private static async Task<int> FillAsync(HttpContent? content, byte[] buffer, CancellationToken cancellationToken)
    {
        if (content is null)
        {
            return 0;
        }

#if NET8_0_OR_GREATER
        using var body = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        return await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
#else
        using var body = await content.ReadAsStreamAsync().ConfigureAwait(false);
        var length = 0;
        int read;
        while (length < buffer.Length && (read = await body.ReadAsync(buffer, length, buffer.Length - length, cancellationToken).ConfigureAwait(false)) > 0)
        {
            length += read;
        }

        return length;
#endif
    }

    // RFC 9110, section 10.2.3: seconds, or a date by the server's clock. Zero, or a date that has passed, asks for no pause, and isn't to
    // undo ours either.
    private static TimeSpan? ReadRetryAfter(HttpResponseMessage response, DateTimeOffset now)
    {
        if (response.Headers.RetryAfter is not { } retryAfter)
        {
            return null;
        }

        var pause = retryAfter.Delta ?? retryAfter.Date - now;
        return pause > TimeSpan.Zero ? pause : null;
    }
}
