using System.Net;
using System.Text.Json;
using TokenRefresh.Protocol;

namespace TokenRefresh.Handling;

/// <summary>
/// Recognizes the 403 with which Django REST Framework rejects an expired token. It sends one, in place of a 401, if its first
/// authenticator has no challenge (session authentication). Only the body says so: its <c>code</c> is <c>token_not_valid</c>. The package
/// drf-standardized-errors puts the code into the list <c>errors</c>.
/// </summary>
internal static class SimpleJwtForbidden
{
    private const string TokenNotValid = "token_not_valid";

    /// <summary>Whether the response can be such a 403, by its headers. If not, its body is never read.</summary>
    public static bool IsPossible(HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.Forbidden
        && response.Content is { Headers.ContentType.MediaType: { } mediaType } content
        && content.LengthOrZero() is null or (> 0 and <= ReadAheadBody.MaxLength)
        && (mediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || mediaType.EndsWith("+json", StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads the body, as far as needed. The caller can still read all of it.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<bool> RejectsTokenAsync(HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
    {
        if (ReadAheadBody.TryOpen(response) is not { } body)
        {
            return false;
        }

        try
        {
            return await ReadAsync(body, response.Content!).WaitAsync(ReadAheadBody.MaxTime, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return false;
        }
        finally
        {
            body.Stop();
        }
    }

    private static async Task<bool> ReadAsync(ReadAheadBody body, HttpContent content)
    {
        var isCompressed = content.Headers.ContentEncoding.Count > 0;
        while (await body.ReadMoreAsync().ConfigureAwait(false))
        {
            if (!isCompressed && !StartsAnObject(body.Ahead.Span))
            {
                return false;
            }
        }

        if (!body.IsWhole)
        {
            return false;
        }

        var decoded = await ContentCoding.DecodeAsync(body.Ahead, content, ReadAheadBody.MaxLength).ConfigureAwait(false);
        using var fields = decoded.Length <= ReadAheadBody.MaxLength ? TokenFields.Read(decoded.Span) : null;
        return fields is not null && (fields["code"] == TokenNotValid || fields.Objects("errors").Any(IsTokenNotValid));
    }

    private static bool StartsAnObject(ReadOnlySpan<byte> utf8)
    {
        foreach (var character in utf8)
        {
            if ("\uFEFF \t\r\n"u8.IndexOf(character) < 0)
            {
                return character == (byte)'{';
            }
        }

        return true;
    }

    private static bool IsTokenNotValid(Dictionary<string, JsonElement> error) =>
        error.TryGetValue("code", out var code) && TokenFields.ReadText(code) == TokenNotValid;
}
