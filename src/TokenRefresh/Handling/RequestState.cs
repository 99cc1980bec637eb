using System.Net;

namespace TokenRefresh.Handling;

/// <summary>The state of one request. It is kept in the request's own options, so that a copy of the request has it too.</summary>
internal static class RequestState
{
    // Reading a request's options creates them, which takes some hundred bytes. So they aren't read before anything was written.
    private static volatile bool _isUsed;
    private static volatile bool _hasOutcomes;

    private static readonly RequestOption<bool> WithoutToken = new("TokenRefresh.WithoutToken");
    private static readonly RequestOption<string> User = new("TokenRefresh.User");
    private static readonly RequestOption<Mark> Outcome = new("TokenRefresh.Outcome");

    public static void SetWithoutToken(HttpRequestMessage request)
    {
        WithoutToken.Set(request, true);
        _isUsed = true;
    }

    public static void SetUser(HttpRequestMessage request, string userKey)
    {
        User.Set(request, userKey);
        _isUsed = true;
    }

    public static bool IsWithoutToken(HttpRequestMessage request) => _isUsed && WithoutToken.Get(request);

    public static string? UserOf(HttpRequestMessage request) => _isUsed ? User.Get(request) : null;

    /// <summary>Notes why the caller gets this response.</summary>
    public static void SetOutcome(HttpRequestMessage request, HttpResponseMessage response, TokenRefreshOutcome outcome)
    {
        response.RequestMessage ??= request;
        Outcome.Set(response.RequestMessage, new Mark(outcome, response.StatusCode));
        _hasOutcomes = true;
    }

    /// <summary>Notes why a request without our token was rejected, if it was.</summary>
    /// <remarks>If an inner handler returns no response, <see cref="HttpClient"/> says so.</remarks>
    public static async Task<HttpResponseMessage> SetOutcomeOf401Async(
        HttpRequestMessage request, Task<HttpResponseMessage> sending, TokenRefreshOutcome outcome)
    {
        var response = await sending.ConfigureAwait(false);
        if (response?.StatusCode == HttpStatusCode.Unauthorized)
        {
            SetOutcome(request, response, outcome);
        }

        return response!;
    }

    /// <summary>Removes the outcome of an earlier response of the same request.</summary>
    public static void ClearOutcome(HttpRequestMessage request)
    {
        if (_hasOutcomes && Outcome.Get(request) is not null)
        {
            Outcome.Set(request, new Mark(TokenRefreshOutcome.None, default));
        }
    }

    public static TokenRefreshOutcome OutcomeOf(HttpResponseMessage response) =>
        _hasOutcomes
        && response.RequestMessage is { } request
        && Outcome.Get(request) is { } mark
        && mark.Status == response.StatusCode
            ? mark.Outcome
            : TokenRefreshOutcome.None;

    // The same request may be sent again with success. So the outcome counts only for a response with this status.
    private sealed record Mark(TokenRefreshOutcome Outcome, HttpStatusCode Status);
}
