using System;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>What the handlers of one session name remember between requests. A named client's handlers are rebuilt every few minutes.</summary>
internal sealed class HandlerMemory
{
    private static readonly ConditionalWeakTable<SessionServices, HandlerMemory> Memories = new();
    private static readonly TimeSpan WarningInterval = TimeSpan.FromMinutes(1);

    // The origins at which a login's new token got the same challenge of another scheme as the token before.
    private readonly ConcurrentDictionary<(LoginId LoginId, string Origin), bool> _otherSchemeOrigins = new();
    private readonly object _lock = new();
    private DateTimeOffset? _warnedAt;

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
            // Logins come and go. To forget one costs it one refresh.
            _otherSchemeOrigins.Clear();
        }

        _otherSchemeOrigins[(loginId, Origin.TextOf(address))] = true;
    }

    /// <summary>Whether a warning is due: at most one a minute.</summary>
    public bool IsWarningDue(TimeProvider time)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            if (_warnedAt is { } warnedAt && now >= warnedAt && now - warnedAt < WarningInterval)
            {
                return false;
            }

            _warnedAt = now;
            return true;
        }
    }
}
