namespace TokenRefresh.DependencyInjection;

/// <summary>The options that a session doesn't change while it runs. Options that are code aren't compared.</summary>
internal static class FixedOptions
{
    /// <summary>The options that say whose the client secret is.</summary>
    private static readonly (string Name, Func<TokenRefreshOptions, object?> Value)[] OfClient =
    [
        (nameof(TokenRefreshOptions.TokenEndpoint), options => options.TokenEndpoint),
        (nameof(TokenRefreshOptions.Issuer), options => options.Issuer),
        (nameof(TokenRefreshOptions.MetadataAddress), options => options.MetadataAddress),
        (nameof(TokenRefreshOptions.RevocationEndpoint), options => options.RevocationEndpoint),
        (nameof(TokenRefreshOptions.Protocol), options => options.Protocol),
        (nameof(TokenRefreshOptions.GrantType), options => options.GrantType),
        (nameof(TokenRefreshOptions.ClientId), options => options.ClientId),
        (nameof(TokenRefreshOptions.ClientAuthentication), options => options.ClientAuthentication),
    ];

    private static readonly (string Name, Func<TokenRefreshOptions, object?> Value)[] Others =
    [
        (nameof(TokenRefreshOptions.Scope), options => options.Scope),
        (nameof(TokenRefreshOptions.Scheme), options => options.Scheme),
        (nameof(TokenRefreshOptions.ExtraParameters), options => TextOf(options.ExtraParameters.Select(pair => $"{pair}"))),
        (nameof(TokenRefreshOptions.AllowedOrigins), options => TextOf(options.AllowedOrigins.Select(Origin.TextOf))),
        (nameof(TokenRefreshOptions.InsecureOrigins), options => TextOf(options.InsecureOrigins.Select(Origin.TextOf))),
        (nameof(TokenRefreshOptions.UserIdleTimeout), options => options.UserIdleTimeout),
        (nameof(TokenRefreshOptions.RefreshTimeout), options => options.RefreshTimeout),
        (nameof(TokenRefreshOptions.RefreshWindow), options => options.RefreshWindow),
        (nameof(TokenRefreshOptions.ExpiryBuffer), options => options.ExpiryBuffer),
        (nameof(TokenRefreshOptions.MinRefreshInterval), options => options.MinRefreshInterval),
        (nameof(TokenRefreshOptions.RecheckInterval), options => options.RecheckInterval),
        (nameof(TokenRefreshOptions.MaxReplayBufferSize), options => options.MaxReplayBufferSize),
        (nameof(TokenRefreshOptions.ReLoginResult), options => options.ReLoginResult),
        (nameof(TokenRefreshOptions.InteractiveSignInTimeout), options => options.InteractiveSignInTimeout),
    ];

    /// <summary>Returns the names of the options whose values differ.</summary>
    public static List<string> FindChanged(TokenRefreshOptions used, TokenRefreshOptions changed) =>
    [
        .. OfClient.Concat(Others).Where(option => !Equals(option.Value(used), option.Value(changed))).Select(option => option.Name),
    ];

    /// <summary>Whether a client secret that changes together with this option is that of another client or server.</summary>
    public static bool BelongsToClient(string name) => Array.Exists(OfClient, option => option.Name == name);

    private static string TextOf(IEnumerable<string> values) => string.Join("\n", values.OrderBy(value => value, StringComparer.Ordinal));
}
