using System;

namespace TokenRefresh.Samples.Servers;

/// <summary>How a <see cref="SimpleJwtServer"/> issues tokens.</summary>
public sealed class SimpleJwtServerOptions
{
    /// <summary>How long access tokens live; the server counts in whole seconds, rounded down.</summary>
    /// <value>The default is 2 seconds.</value>
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long refresh tokens live.</summary>
    /// <value>The default is 10 minutes.</value>
    public TimeSpan RefreshTokenLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the server takes to answer a refresh, at least.</summary>
    /// <value>The default is zero.</value>
    public TimeSpan RefreshDelay { get; set; }

    /// <summary>Takes refreshes one at a time, so that a refresh token works once; the stock server's rotation isn't atomic.</summary>
    public bool IsStrict { get; set; }

    /// <summary>A refresh token that is used again ends all logins of its user.</summary>
    public bool RevokesFamily { get; set; }
}
