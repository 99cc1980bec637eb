using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;

namespace TokenRefresh;

/// <summary>The parts that a session is composed of.</summary>
/// <param name="Name">The session's name.</param>
/// <param name="Options">The options. They were validated.</param>
/// <param name="Time">The clock.</param>
internal sealed record SessionParts(string Name, TokenRefreshOptions Options, TimeProvider Time)
{
    /// <summary>Returns the HTTP client for token requests and revocations.</summary>
    public Func<HttpClient> Client { get; init; } = static () => throw new InvalidOperationException("There is no client.");

    public ITokenStore? Store { get; init; }

    /// <summary>The app's own endpoint; <see langword="null"/> for the built-in endpoint of the protocol.</summary>
    public ITokenEndpoint? Endpoint { get; init; }

    public ITokenProtector? Protector { get; init; }

    public required ILoggerFactory LoggerFactory { get; init; }

    public required Instruments Instruments { get; init; }

    /// <summary>Whether the services belong to one session and end with it.</summary>
    public bool EndsWithSession { get; init; }

    /// <summary>Disposed with the session.</summary>
    public IDisposable? Owned { get; init; }
}
