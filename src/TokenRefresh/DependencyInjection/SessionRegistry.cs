using System.Collections.Generic;

namespace TokenRefresh.DependencyInjection;

/// <summary>Which sessions and clients were registered: known while services are being added, and afterwards.</summary>
internal sealed class SessionRegistry
{
    public HashSet<string> Sessions { get; } = [];

    /// <summary>The sessions whose tokens may be saved unencrypted.</summary>
    public HashSet<string> PlaintextSessions { get; } = [];

    /// <summary>The session of each HTTP client that has the handler.</summary>
    public Dictionary<string, string> Clients { get; } = [];
}
