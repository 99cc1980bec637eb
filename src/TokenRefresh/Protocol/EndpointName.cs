namespace TokenRefresh.Protocol;

/// <summary>An endpoint's name in messages and logs.</summary>
internal static class EndpointName
{
    /// <summary>The kind of the endpoint and its URL, without query and user, because both can be secrets.</summary>
    public static string Of(string what, Uri url) =>
        what + " " + url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
}
