namespace TokenRefresh.Storage;

/// <summary>Tokens that leave the process must be encrypted, unless the app says that the store does it.</summary>
internal static class EncryptionRequirement
{
    /// <returns>What is wrong and what to do, or <see langword="null"/> if the requirement is met.</returns>
    public static string? FindFailure(ITokenStore? store, ITokenProtector? protector, bool allowsUnencrypted) =>
        store is null or IBuiltInTokenStore { IsInMemory: true } || protector is not null || allowsUnencrypted
            ? null
            : $"{store.GetType().Name} saves tokens outside this process, and nothing encrypts them. Add UseDataProtection() of the "
                + "package TokenRefresh.DataProtection, or UseProtector; or call AllowUnencryptedStore() if the store encrypts by itself.";
}
