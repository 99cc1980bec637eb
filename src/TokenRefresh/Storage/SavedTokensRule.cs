namespace TokenRefresh.Storage;

/// <summary>Tokens that leave the process are encrypted, unless the app says by name that they needn't be.</summary>
internal static class SavedTokensRule
{
    /// <returns>What is wrong, and how to mend it; <see langword="null"/>: nothing.</returns>
    public static string? FindFailure(ITokenStore? store, ITokenProtector? protector, bool allowsPlaintext) =>
        store is null or MemoryTokenStore || protector is not null || allowsPlaintext
            ? null
            : $"{store.GetType().Name} saves tokens outside this process, and nothing encrypts them. Add UseDataProtection() of the package "
                + "TokenRefresh.DataProtection, or UseProtector; or, where the store encrypts by itself, say AllowPlaintextTokens().";
}
