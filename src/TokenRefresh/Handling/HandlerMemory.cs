using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using TokenRefresh.Refreshing;

namespace TokenRefresh.Handling;

/// <summary>
/// The state that the handlers of one session name keep between requests. <c>IHttpClientFactory</c> creates new handlers every few minutes,
/// so they can't keep it themselves.
/// </summary>
internal sealed class HandlerMemory
{
    private static readonly ConditionalWeakTable<SessionServices, HandlerMemory> Memories = new();
    private static readonly TimeSpan WarningInterval = TimeSpan.FromMinutes(1);

    // The origins at which a login's new token got the same challenge of another scheme as the token before.
    private readonly ConcurrentDictionary<(LoginId LoginId, string Origin), bool> _otherSchemeOrigins = new();
    private readonly object _lock = new();
    private DateTimeOffset? _rejectionLoggedAt;
    private DateTimeOffset? _insecureLoggedAt;

    /// <summary>The headers that were sent last.</summary>
    public RecentHeaders RecentHeaders { get; } = new();

    public static HandlerMemory Of(SessionServices services) => Memories.GetValue(services, static _ => new HandlerMemory());

    /// <summary>Whether a refresh is known not to help against a challenge of another scheme at this origin.</summary>
    public bool WantsOtherScheme(LoginId loginId, Uri address) =>
        !_otherSchemeOrigins.IsEmpty && _otherSchemeOrigins.ContainsKey((loginId, Origin.TextOf(address)));

    /// <summary>Remembers that this origin rejected a new token with a challenge of another scheme.</summary>
    public void RememberOtherScheme(LoginId loginId, Uri address)
    {
        if (_otherSchemeOrigins.Count >= 1024)
        {
            // The number of logins isn't limited, so the memory is. A login that is removed here makes one more refresh.
            _otherSchemeOrigins.Clear();
        }

        _otherSchemeOrigins[(loginId, Origin.TextOf(address))] = true;
    }

    /// <summary>Warns that the API rejects tokens that were just refreshed: at most once a minute.</summary>
    public void LogRefreshedTokenRejected(SessionServices services, HttpRequestMessage request, Uri address)
    {
        if (IsDue(ref _rejectionLoggedAt, services.Time))
        {
            RequestLog.RefreshedTokenRejected(services, request, address);
        }
    }

    /// <summary>
    /// Says that a request gets no token because its address was looked up and isn't secure, and warns at most once a minute.
    /// </summary>
    public void LogInsecureAddress(SessionServices services, HttpRequestMessage request)
    {
        RequestLog.NoTokenSent(
            services,
            request,
            "this address of a service isn't https. Give the service an https endpoint, or add that origin, or the service's name such "
            + "as http://api, to InsecureOrigins.");
        if (IsDue(ref _insecureLoggedAt, services.Time))
        {
            RequestLog.InsecureAddress(services, request.RequestUri!);
        }
    }

    private bool IsDue(ref DateTimeOffset? loggedAt, TimeProvider time)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (loggedAt is { } last && now >= last && now - last < WarningInterval)
            {
                return false;
            }

            loggedAt = now;
            return true;
        }
    }
}
