namespace TokenRefresh.Protocol;

/// <summary>An endpoint's name in messages and logs.</summary>
internal static class EndpointName
{
    /// <summary>What the endpoint is, and its URL without query and user: both may hold a secret.</summary>
    public static string Of(string what, Uri url) =>
        what + " " + url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
}
