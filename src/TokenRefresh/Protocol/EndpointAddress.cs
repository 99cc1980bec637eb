namespace TokenRefresh.Protocol;

/// <summary>
/// Keeps both addresses of a request whose address service discovery looks up: the name, and the address that was found.
/// </summary>
internal static class EndpointAddress
{
#if NET8_0_OR_GREATER
    private static readonly HttpRequestOptionsKey<Uri> Named = new("TokenRefresh.NamedEndpoint");
    private static readonly HttpRequestOptionsKey<Uri> Found = new("TokenRefresh.FoundEndpoint");

    public static void SetNamed(HttpRequestMessage request) => request.Options.Set(Named, request.RequestUri!);

    public static void SetFound(HttpRequestMessage request, Uri address) => request.Options.Set(Found, address);

    public static Uri? NamedOf(HttpRequestMessage request) => request.Options.TryGetValue(Named, out var address) ? address : null;

    public static Uri? FoundOf(HttpRequestMessage request) => request.Options.TryGetValue(Found, out var address) ? address : null;
#else
    private const string Named = "TokenRefresh.NamedEndpoint";
    private const string Found = "TokenRefresh.FoundEndpoint";

    public static void SetNamed(HttpRequestMessage request) => request.Properties[Named] = request.RequestUri;

    public static void SetFound(HttpRequestMessage request, Uri address) => request.Properties[Found] = address;

    public static Uri? NamedOf(HttpRequestMessage request) => request.Properties.TryGetValue(Named, out var address)
        ? address as Uri
        : null;

    public static Uri? FoundOf(HttpRequestMessage request) => request.Properties.TryGetValue(Found, out var address)
        ? address as Uri
        : null;
#endif
}
