namespace TokenRefresh.Protocol;

/// <summary>A discovery document, or why there is none.</summary>
internal readonly struct DiscoveryResult
{
    private DiscoveryResult(DiscoveryDocument? document, TokenEndpointResult? failure)
    {
        Document = document;
        Failure = failure;
    }

    public DiscoveryDocument? Document { get; }

    /// <summary>The result of the token call if there is no document. The refresh token wasn't sent.</summary>
    public TokenEndpointResult? Failure { get; }

    public static implicit operator DiscoveryResult(DiscoveryDocument document) => new(document, null);

    public static implicit operator DiscoveryResult(TokenEndpointResult failure) => new(null, failure);
}
