using System.Net.Http;
using System.Threading;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>What was said of one request. It travels in the request's own options, so that it survives being copied.</summary>
internal static class RequestMarks
{
    // Looking into a request's options creates them, some hundred bytes a request. Nobody looks before somebody has written.
    private static int _isUsed;

    private static bool IsUsed => Volatile.Read(ref _isUsed) != 0;

#if NET8_0_OR_GREATER
    private static readonly HttpRequestOptionsKey<bool> Skip = new("TokenRefresh.Skip");
    private static readonly HttpRequestOptionsKey<string> User = new("TokenRefresh.User");
    private static readonly HttpRequestOptionsKey<Generation> Attached = new("TokenRefresh.Attached");

    private static void Set<T>(HttpRequestMessage request, HttpRequestOptionsKey<T> key, T value) => request.Options.Set(key, value);

    private static T? Get<T>(HttpRequestMessage request, HttpRequestOptionsKey<T> key) =>
        request.Options.TryGetValue(key, out var value) ? value : default;
#else
    private static readonly Key<bool> Skip = new("TokenRefresh.Skip");
    private static readonly Key<string> User = new("TokenRefresh.User");
    private static readonly Key<Generation> Attached = new("TokenRefresh.Attached");

    private static void Set<T>(HttpRequestMessage request, Key<T> key, T value) => request.Properties[key.Name] = value;

    private static T? Get<T>(HttpRequestMessage request, Key<T> key) =>
        request.Properties.TryGetValue(key.Name, out var value) && value is T typed ? typed : default;

    private sealed record Key<T>(string Name);
#endif

    public static void SetSkip(HttpRequestMessage request)
    {
        Set(request, Skip, true);
        Volatile.Write(ref _isUsed, 1);
    }

    public static void SetUser(HttpRequestMessage request, string userKey)
    {
        Set(request, User, userKey);
        Volatile.Write(ref _isUsed, 1);
    }

    /// <summary>Remembers whose header we put on, for an outer retry that sends the same request again.</summary>
    public static void SetAttached(HttpRequestMessage request, Generation generation) => Set(request, Attached, generation);

    public static bool IsSkipped(HttpRequestMessage request) => IsUsed && Get(request, Skip);

    public static string? UserOf(HttpRequestMessage request) => IsUsed ? Get(request, User) : null;

    public static Generation? AttachedTo(HttpRequestMessage request) => Get(request, Attached);
}
