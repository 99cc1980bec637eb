namespace TokenRefresh.Storage;

/// <summary>The rule that tokens must be encrypted before they leave the process, unless the app says that the store encrypts.</summary>
internal static class EncryptionRequirement
{
    /// <summary>What to do for a session that is registered.</summary>
    public const string OfBuilder =
        "Add UseDataProtection() of the package TokenRefresh.DataProtection, or UseProtector; or call AllowUnencryptedStore() if the store "
        + "encrypts by itself.";

    /// <summary>What to do for a session that is added at run time.</summary>
    public const string OfAddedSession =
        "Register an ITokenProtector as a singleton service, such as DataProtectionTokenProtector of the package "
        + "TokenRefresh.DataProtection. If the store encrypts by itself, its protector returns the text unchanged.";

    /// <summary>What to do for a session that is created by hand.</summary>
    public const string OfSettings = "Set Protector in TokenSessionSettings, or AllowUnencryptedStore if the store encrypts by itself.";

    /// <returns>What is wrong and what to do, or <see langword="null"/> if the requirement is met.</returns>
    public static string? FindFailure(ITokenStore? store, ITokenProtector? protector, bool allowsUnencrypted, string remedy) =>
        store is null or IBuiltInTokenStore { IsInMemory: true } || protector is not null || allowsUnencrypted
            ? null
            : $"{store.GetType().Name} saves tokens outside this process, and nothing encrypts them. {remedy}";
}
