namespace TokenRefresh.Samples.Servers;

/// <summary>How an <see cref="OAuthServer"/> issues tokens.</summary>
public sealed class OAuthServerOptions
{
    /// <summary>How long access tokens live.</summary>
    /// <value>The default is 2 seconds.</value>
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long refresh tokens live.</summary>
    /// <value>The default is 10 minutes.</value>
    public TimeSpan RefreshTokenLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>A task that is awaited before a refresh is answered, so that requests can collect meanwhile.</summary>
    public Func<Task>? BeforeRefresh { get; set; }
}
