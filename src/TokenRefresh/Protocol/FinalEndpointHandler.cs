namespace TokenRefresh.Protocol;

/// <summary>
/// Checks the address that service discovery found for an endpoint of the server, so that no refresh token leaves the machine unencrypted.
/// It is the innermost handler.
/// </summary>
internal sealed class FinalEndpointHandler(TokenRefreshOptions options) : DelegatingHandler
{
    private static readonly RequestOption<Uri> Named = new("TokenRefresh.NamedEndpoint");
    private static readonly RequestOption<Uri> Found = new("TokenRefresh.FoundEndpoint");

    /// <summary>Notes the address that goes into service discovery.</summary>
    public static void NoteNamed(HttpRequestMessage request) => Named.Set(request, request.RequestUri!);

    /// <summary>The address that service discovery found; <see langword="null"/> if none was looked up.</summary>
    public static Uri? FoundOf(HttpRequestMessage request) => Found.Get(request);

    /// <summary>Whether one of the server's addresses is looked up.</summary>
    public static bool IsNeededFor(TokenRefreshOptions options) => AddressesIn(options).Any(Origin.IsLookedUp);

    /// <summary>An address that only service discovery can make usable; <see langword="null"/> if there is none.</summary>
    public static Uri? FindUnusableWithoutLookup(TokenRefreshOptions options) =>
        AddressesIn(options).FirstOrDefault(address => !Origin.MayGetTokens(address, options));

    /// <summary>The addresses of the server that the options name.</summary>
    public static IEnumerable<Uri> AddressesIn(TokenRefreshOptions options) =>
        new[] { options.TokenEndpoint, options.RevocationEndpoint, options.Issuer, options.MetadataAddress }.OfType<Uri>();

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var address = request.RequestUri!;
        Found.Set(request, address);
        return FindFailure(Named.Get(request) ?? address, address) is { } failure
            ? Task.FromException<HttpResponseMessage>(new TokenRefreshException(TokenRefreshFailure.Configuration, failure))
            : base.SendAsync(request, cancellationToken);
    }

    private string? FindFailure(Uri named, Uri found) => found switch
    {
        _ when Origin.IsSchemeChoice(found) =>
            $"{Origin.TextOf(found)} wasn't looked up. Call AddServiceDiscovery in ConfigureHttpClientDefaults, or on TokenEndpointClient.",
        _ when Origin.MayGetTokens(found, options) || Origin.IsNamedInsecureService(named, options) => null,
        _ => $"{Origin.TextOf(named)} is looked up, and {Origin.TextOf(found)} isn't https. Give the service an https endpoint, or add "
            + "that origin, or the service's name such as http://login, to InsecureOrigins.",
    };
}
