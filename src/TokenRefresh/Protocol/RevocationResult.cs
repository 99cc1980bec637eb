namespace TokenRefresh.Protocol;

/// <summary>The result of a revocation.</summary>
/// <param name="IsRevoked">Whether the server has revoked the tokens.</param>
/// <param name="Failure">What went wrong, without any secret; <see langword="null"/> if nothing did.</param>
internal readonly record struct RevocationResult(bool IsRevoked, string? Failure)
{
    public static RevocationResult Revoked => new(true, null);

    /// <summary>The server has no way to revoke these tokens.</summary>
    public static RevocationResult NotPossible => default;

    public static RevocationResult Failed(string failure) => new(false, failure);
}
