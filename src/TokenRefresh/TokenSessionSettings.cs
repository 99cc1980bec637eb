using Microsoft.Extensions.Logging;

namespace TokenRefresh;

/// <summary>
/// The settings of a session that is created without dependency injection, besides its options. Every property has a working default.
/// </summary>
public sealed class TokenSessionSettings
{
    /// <summary>The session's name in logs, events and exceptions.</summary>
    /// <value>Not empty. The default is <c>default</c>. It is part of the key under which a store keeps the tokens.</value>
    public string Name { get; set; } = "default";

    /// <summary>The clock.</summary>
    /// <value>The default is <see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Where the tokens are kept.</summary>
    /// <value>The default is <see langword="null"/>: in memory only. The store isn't disposed with the session.</value>
    public ITokenStore? Store { get; set; }

    /// <summary>How the tokens are encrypted before they are saved.</summary>
    /// <value>
    /// Required with a <see cref="Store"/>, unless <see cref="AllowUnencryptedStore"/> is set. The default is <see langword="null"/>.
    /// </value>
    public ITokenProtector? Protector { get; set; }

    /// <summary>Allows a <see cref="Store"/> without a <see cref="Protector"/>, for stores that encrypt by themselves.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool AllowUnencryptedStore { get; set; }

    /// <summary>Requests the tokens.</summary>
    /// <value>The default is <see langword="null"/>: by HTTP, as <see cref="TokenRefreshOptions.Protocol"/> says.</value>
    public ITokenEndpoint? TokenEndpoint { get; set; }

    /// <summary>The handler that sends the token requests: for a proxy, a client certificate, or a mock server in tests.</summary>
    /// <value>
    /// The default is <see langword="null"/>: a handler of the session's own, without redirects and cookies. Your handler isn't disposed
    /// with the session; its redirects and cookies are switched off.
    /// </value>
    public HttpMessageHandler? TokenEndpointHandler { get; set; }

    /// <summary>Creates the logger of the session.</summary>
    /// <value>The default is <see langword="null"/>: nothing is logged.</value>
    public ILoggerFactory? LoggerFactory { get; set; }
}
