using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace TokenRefresh.ServerTests.Django;

/// <summary>
/// Refreshes sliding tokens. A sliding token is both: the API takes it, and the refresh view takes it for a new one while it hasn't expired.
/// </summary>
internal sealed class SlidingTokenEndpoint(HttpClient http, Uri url) : ITokenEndpoint
{
    /// <summary>The token as a token set. The expiry has to be known: an expired sliding token can't be refreshed.</summary>
    public static TokenSet ToTokenSet(string token) => new(token, refreshToken: token) { ExpiresAt = ReadExpiry(token) };

    public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync(url, new { token = request.RefreshToken }, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            return TokenEndpointResult.Rejected("token_not_valid");
        }

        if (!response.IsSuccessStatusCode)
        {
            return TokenEndpointResult.Transient($"{url} answered {(int)response.StatusCode}.");
        }

        var body = await response.Content.ReadFromJsonAsync<Dictionary<string, string>>(cancellationToken).ConfigureAwait(false);
        return TokenEndpointResult.Succeeded(ToTokenSet(body!["token"]));
    }

    private static DateTimeOffset ReadExpiry(string token)
    {
        var payload = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
        using var json = JsonDocument.Parse(Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '=')));
        return DateTimeOffset.FromUnixTimeSeconds(json.RootElement.GetProperty("exp").GetInt64());
    }
}
