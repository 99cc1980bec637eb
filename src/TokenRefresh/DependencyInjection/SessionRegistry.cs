using System.Collections.Generic;
using System.Linq;

namespace TokenRefresh.DependencyInjection;

/// <summary>Which sessions and clients were registered: known while services are being added, and afterwards.</summary>
internal sealed class SessionRegistry
{
    public HashSet<string> Sessions { get; } = [];

    /// <summary>The sessions whose tokens may be saved unencrypted.</summary>
    public HashSet<string> UnencryptedSessions { get; } = [];

    /// <summary>The session of each HTTP client that has the handler.</summary>
    public Dictionary<string, string> Clients { get; } = [];

    /// <summary>What is said of a name that isn't registered.</summary>
    public string UnknownSessionMessage(string session) =>
        $"No token session '{session}' is registered. Known: {string.Join(", ", Sessions.Select(known => $"'{known}'"))}. "
        + "Register it with AddTokenSession, or AddTokenRefreshHandler on the HTTP client of that name.";
}
