using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.DependencyInjection;

/// <summary>The registered sessions and clients. It is filled while services are added, and read later.</summary>
internal sealed class SessionRegistry
{
    public HashSet<string> Sessions { get; } = [];

    /// <summary>The sessions whose tokens may be saved unencrypted.</summary>
    public HashSet<string> UnencryptedSessions { get; } = [];

    /// <summary>The configuration that each session reads its options from.</summary>
    public List<(string Session, IConfigurationSection Section)> Sections { get; } = [];

    /// <summary>The session of each HTTP client that has the handler.</summary>
    public Dictionary<string, string> Clients { get; } = [];

    /// <summary>Finds a service of a session: the one that is registered for it, else the one for all sessions.</summary>
    /// <remarks>
    /// The container keeps every key that a caller asked for. An app can add any number of sessions at run time, so their names aren't used
    /// as keys.
    /// </remarks>
    public T? Find<T>(IServiceProvider provider, string session)
        where T : class => (Sessions.Contains(session) ? provider.GetKeyedService<T>(session) : null) ?? provider.GetService<T>();

    /// <summary>Whether a session has a token endpoint of the app's own.</summary>
    public bool HasEndpoint(IServiceProvider provider, string session) =>
        provider.GetService<IServiceProviderIsKeyedService>() is { } services
        && ((Sessions.Contains(session) && services.IsKeyedService(typeof(ITokenEndpoint), session))
            || services.IsService(typeof(ITokenEndpoint)));

    /// <summary>The name of the session for a <see cref="TokenSession"/> that is requested without a name.</summary>
    /// <exception cref="InvalidOperationException">There is more than one.</exception>
    public string OnlySession() => Sessions.Count == 1
        ? Sessions.Single()
        : throw new InvalidOperationException(
            $"A TokenSession is requested without its name, and there {(Sessions.Count == 0 ? "is none" : $"are several: {Known}")}. "
            + $"Write [FromKeyedServices(\"{Sessions.FirstOrDefault() ?? "name"}\")] TokenSession, or use TokenSessions with the name.");

    /// <summary>The message about a name that isn't registered.</summary>
    public string UnknownSessionMessage(string session) =>
        $"No token session '{session}' is registered. Known: {(Sessions.Count == 0 ? "none" : Known)}. "
        + "Register it with AddTokenSession, or AddTokenRefreshHandler on the HTTP client of that name; at run time add it with "
        + "TokenSessions.Add.";

    /// <summary>The names of the other sessions; empty if there are none.</summary>
    public string DescribeOthers(string session) => Describe(Sessions.Where(known => known != session));

    private string Known => Describe(Sessions);

    private static string Describe(IEnumerable<string> sessions) => string.Join(", ", sessions.Select(known => $"'{known}'"));
}
