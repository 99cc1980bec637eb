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
    /// <summary>Whether the response can be such a 403, by its headers. If not, its body is never read.</summary>
    public static bool IsPossible(HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.Forbidden
        && response.Content is { Headers.ContentType.MediaType: { } mediaType } content
        && content.LengthOrZero() is null or (> 0 and <= ReadAheadBody.MaxLength)
        && (mediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || mediaType.EndsWith("+json", StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads the body, as far as needed. The caller can still read all of it.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled. The response is disposed.</exception>
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
        catch (OperationCanceledException)
        {
            response.Dispose();
            throw;
        }
        finally
        {
            body.Stop();
        }
    }

    private static async Task<bool> ReadAsync(ReadAheadBody body, HttpContent content)
    {
        var isCompressed = ContentCoding.IsStated(content);
        while (await body.ReadMoreAsync().ConfigureAwait(false))
        {
            if (!isCompressed && !StartsAnObject(body.Ahead.Span))
            {
                return false;
            }
        }

        if (!body.IsWhole || !isCompressed)
        {
            return body.IsWhole && HasCode(body.Ahead);
        }

        var decoded = ContentCoding.Decode(body.Ahead, content, ReadAheadBody.MaxLength);
        return decoded.Length <= ReadAheadBody.MaxLength && HasCode(decoded);
    }

    private static bool StartsAnObject(ReadOnlySpan<byte> utf8)
    {
        foreach (var character in WithoutMark(utf8))
        {
            if (" \t\r\n"u8.IndexOf(character) < 0)
            {
                return character == (byte)'{';
            }
        }

        return true;
    }

    // The package drf-standardized-errors moves the code into a list: {"errors": [{"code": …}]}.
    private static bool HasCode(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var json = JsonDocument.Parse(utf8.Slice(utf8.Length - WithoutMark(utf8.Span).Length));
            var body = json.RootElement;
            return IsTokenNotValid(body)
                || (body.ValueKind == JsonValueKind.Object
                    && body.TryGetProperty("errors"u8, out var errors)
                    && errors.ValueKind == JsonValueKind.Array
                    && errors.EnumerateArray().Any(IsTokenNotValid));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static bool IsTokenNotValid(JsonElement error) =>
        error.ValueKind == JsonValueKind.Object
        && error.TryGetProperty("code"u8, out var code)
        && code.ValueKind == JsonValueKind.String
        && code.ValueEquals("token_not_valid"u8);

    private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> utf8) => utf8.StartsWith("\uFEFF"u8) ? utf8.Slice(3) : utf8;
}
