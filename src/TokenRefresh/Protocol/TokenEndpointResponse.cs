using System.Diagnostics;
using System.Net;
using System.Text.Json;
using TokenRefresh.Protocol;

namespace TokenRefresh;

/// <summary>
/// A response of the token endpoint, for <see cref="TokenRefreshOptions.InterpretTokenResponse"/>. It can contain tokens.
/// </summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class TokenEndpointResponse
{
    internal TokenEndpointResponse(HttpResponseMessage response, TokenFields? body)
    {
        StatusCode = response.StatusCode;
        Body = body?.Root.Clone();
        Headers = ReadHeaders(response);
    }

    /// <summary>The status code.</summary>
    public HttpStatusCode StatusCode { get; }

    /// <summary>The headers of the response and of its content, by name. The case of the names doesn't matter.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Headers { get; }

    /// <summary>The body: a JSON object or array. A form is an object whose values are strings.</summary>
    /// <value><see langword="null"/> if the body is neither, is longer than 1 MiB, or was cut off.</value>
    public JsonElement? Body { get; }

    /// <summary>Reads a member of the body whose value is a string.</summary>
    /// <param name="name">The member's name. Its case matters.</param>
    /// <returns>The string; <see langword="null"/> if there is no such member, or if its value isn't a string.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is <see langword="null"/>.</exception>
    public string? GetString(string name)
    {
        Require.NotNull(name, nameof(name));
        return Body is { } body && TokenFields.ReadMembers(body).TryGetValue(name, out var value) ? TokenFields.ReadText(value) : null;
    }

    /// <summary>Returns the status, and nothing of the body.</summary>
    /// <returns>A text for logs and debuggers.</returns>
    public override string ToString() => $"TokenEndpointResponse {{ StatusCode = {(int)StatusCode} }}";

    private static Dictionary<string, IReadOnlyList<string>> ReadHeaders(HttpResponseMessage response)
    {
        var headers = new Dictionary<string, IReadOnlyList<string>>(StringComparer.OrdinalIgnoreCase);
        foreach (var header in response.Headers.Concat(response.Content?.Headers.AsEnumerable() ?? []))
        {
            headers[header.Key] = [.. header.Value];
        }

        return headers;
    }
}
