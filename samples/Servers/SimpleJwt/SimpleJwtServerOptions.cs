namespace TokenRefresh.Samples.Servers;

/// <summary>The options of a <see cref="SimpleJwtServer"/>. The defaults are those of Simple JWT's documentation.</summary>
public sealed class SimpleJwtServerOptions
{
    /// <summary>How long access tokens live; the server counts in whole seconds, rounded down.</summary>
    /// <value>The default is 2 seconds.</value>
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long refresh tokens live.</summary>
    /// <value>The default is 10 minutes.</value>
    public TimeSpan RefreshTokenLifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The least time that the server takes to answer a refresh.</summary>
    /// <value>The default is zero.</value>
    public TimeSpan RefreshDelay { get; set; }

    /// <summary>Takes refreshes one at a time, so that a refresh token works once; the stock server's rotation isn't atomic.</summary>
    public bool IsStrict { get; set; }

    /// <summary>A refresh token that is used again ends all logins of its user.</summary>
    public bool RevokesFamily { get; set; }

    /// <summary>The API's authenticators in their order: <c>jwt</c>, <c>basic</c> and <c>session</c>. The first one makes the challenge.</summary>
    /// <value>The default is <c>jwt</c> alone.</value>
    public IReadOnlyList<string> Authentication { get; set; } = ["jwt"];

    /// <summary>Which version's refresh view answers.</summary>
    /// <value>The default is <see cref="SimpleJwtRefreshView.Installed"/>.</value>
    public SimpleJwtRefreshView RefreshView { get; set; }

    /// <summary>A changed password ends the tokens that were issued before: the setting <c>CHECK_REVOKE_TOKEN</c>.</summary>
    public bool ChecksRevokeToken { get; set; }

    /// <summary>How often the refresh view may be called, for example <c>1/min</c>.</summary>
    /// <value>The default is <see langword="null"/>: without a limit.</value>
    public string? RefreshRate { get; set; }

    /// <summary>The language of the server's texts.</summary>
    /// <value>The default is <c>en-us</c>.</value>
    public string Language { get; set; } = "en-us";

    /// <summary>The API takes sliding tokens instead of access tokens.</summary>
    public bool UsesSlidingTokens { get; set; }

    /// <summary>Errors have the form of the package drf-standardized-errors.</summary>
    public bool StandardizesErrors { get; set; }
}
