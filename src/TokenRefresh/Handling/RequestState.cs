using System.Net;

namespace TokenRefresh.Handling;

/// <summary>The state of one request. It is kept in the request's own options, so that a copy of the request has it too.</summary>
internal static class RequestState
{
    // Reading a request's options creates them, which takes some hundred bytes. So they aren't read before anything was written.
    private static int _isUsed;
    private static int _hasOutcomes;

#if NET8_0_OR_GREATER
    private static readonly HttpRequestOptionsKey<bool> WithoutToken = new("TokenRefresh.WithoutToken");
    private static readonly HttpRequestOptionsKey<string> User = new("TokenRefresh.User");
    private static readonly HttpRequestOptionsKey<Mark> Outcome = new("TokenRefresh.Outcome");

    private static void Set<T>(HttpRequestMessage request, HttpRequestOptionsKey<T> key, T value) => request.Options.Set(key, value);

    private static T? Get<T>(HttpRequestMessage request, HttpRequestOptionsKey<T> key) =>
        request.Options.TryGetValue(key, out var value) ? value : default;
#else
    private static readonly Key<bool> WithoutToken = new("TokenRefresh.WithoutToken");
    private static readonly Key<string> User = new("TokenRefresh.User");
    private static readonly Key<Mark> Outcome = new("TokenRefresh.Outcome");

    private static void Set<T>(HttpRequestMessage request, Key<T> key, T value) => request.Properties[key.Name] = value;

    private static T? Get<T>(HttpRequestMessage request, Key<T> key) =>
        request.Properties.TryGetValue(key.Name, out var value) && value is T typed ? typed : default;

    private sealed record Key<T>(string Name);
#endif

    public static void SetWithoutToken(HttpRequestMessage request)
    {
        Set(request, WithoutToken, true);
        Volatile.Write(ref _isUsed, 1);
    }

    public static void SetUser(HttpRequestMessage request, string userKey)
    {
        Set(request, User, userKey);
        Volatile.Write(ref _isUsed, 1);
    }

    public static bool IsWithoutToken(HttpRequestMessage request) => Volatile.Read(ref _isUsed) != 0 && Get(request, WithoutToken);

    public static string? UserOf(HttpRequestMessage request) => Volatile.Read(ref _isUsed) != 0 ? Get(request, User) : null;

    /// <summary>Notes why the caller gets this response.</summary>
    public static void SetOutcome(HttpRequestMessage request, HttpResponseMessage response, TokenRefreshOutcome outcome)
    {
        response.RequestMessage ??= request;
        Set(response.RequestMessage, Outcome, new Mark(outcome, response.StatusCode));
        Volatile.Write(ref _hasOutcomes, 1);
    }

    /// <summary>Notes why a request without our token was rejected, if it was.</summary>
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
        if (Volatile.Read(ref _hasOutcomes) != 0 && Get(request, Outcome) is not null)
        {
            Set(request, Outcome, new Mark(TokenRefreshOutcome.None, default));
        }
    }

    public static TokenRefreshOutcome OutcomeOf(HttpResponseMessage response) =>
        Volatile.Read(ref _hasOutcomes) != 0
        && response.RequestMessage is { } request
        && Get(request, Outcome) is { } mark
        && mark.Status == response.StatusCode
            ? mark.Outcome
            : TokenRefreshOutcome.None;

    // The same request may be sent again with success. So the outcome counts only for a response with this status.
    private sealed record Mark(TokenRefreshOutcome Outcome, HttpStatusCode Status);
}
