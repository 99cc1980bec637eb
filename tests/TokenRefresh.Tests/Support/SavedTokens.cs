using System.Threading.Tasks;
using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Support;

/// <summary>What a store holds of a test app's login, unencrypted, as another process would read and write it.</summary>
internal static class SavedTokens
{
    public static TokenSessionKey Key { get; } = new(TestApp.Name);

    private static TokenCodec Codec { get; } = new(Key, protector: null);

    public static async Task<TokenSet?> TokensAsync(this ITokenStore store) => (await store.ReadAsync(Key, default)).Tokens?.Open(Codec);

    public static async Task<string?> RefreshTokenAsync(this ITokenStore store) => (await store.TokensAsync())?.RefreshToken;

    /// <summary>Saves the next tokens of the login as another process does that has refreshed it.</summary>
    public static async Task RotateElsewhereAsync(this ITokenStore store, TokenSet tokens)
    {
        var record = await store.ReadAsync(Key, default);
        await store.CommitAsync(Key, record.Lineage, record.Version, Protect(tokens), default);
    }

    public static ProtectedTokens Protect(TokenSet tokens) => new(tokens, Codec);
}
