using System.Net.Http.Json;
using System.Text.Json;

namespace TokenRefresh.Benchmarks.Yardsticks;

/// <summary>The refresh that goes with <see cref="TextbookHandler"/>: a form, the caller's cancellation, and what came is remembered.</summary>
internal sealed class TextbookRefresh(HttpMessageHandler tokens, Uri endpoint, string refreshToken)
{
    private readonly HttpClient _client = new(tokens, disposeHandler: false);
    private string _refreshToken = refreshToken;

    public async Task<string> RefreshAsync(CancellationToken cancellationToken)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "refresh_token",
            ["refresh_token"] = _refreshToken,
            ["client_id"] = "shop",
        });
        using var response = await _client.PostAsync(endpoint, form, cancellationToken);
        response.EnsureSuccessStatusCode();
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        _refreshToken = answer.GetProperty("refresh_token").GetString()!;
        return answer.GetProperty("access_token").GetString()!;
    }
}
