namespace TokenRefresh.Testing;

/// <summary>A request as the API received it.</summary>
/// <param name="Method">The method.</param>
/// <param name="Uri">The address.</param>
/// <param name="Authorization">The raw value of the <c>Authorization</c> header, or <see langword="null"/>.</param>
/// <param name="Body">The body's bytes; empty without one.</param>
/// <param name="Headers">All headers, those of the content included.</param>
public sealed record ReceivedRequest(
    HttpMethod Method, Uri Uri, string? Authorization, byte[] Body, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The token behind the scheme, if there is one.</summary>
    public string? Token => Authorization?.Substring(Authorization.IndexOf(' ') + 1);
}
