using TokenRefresh.Storage;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Support;

/// <summary>What a store holds of the app's only login, and another process that shares it.</summary>
internal static class SavedTokens
{
    public static TokenSessionKey Key { get; } = new(TestApp.Name);

    public static OtherProcess Other(this ITokenStore store) => new(store, Key);

    public static Task<LoginStoreResult> LoadAsync(this ITokenStore store) => store.Other().LoadAsync();

    public static Task<TokenSet?> TokensAsync(this ITokenStore store) => store.Other().TokensAsync();

    public static async Task<string?> RefreshTokenAsync(this ITokenStore store) => (await store.TokensAsync())?.RefreshToken;

    /// <summary>Saves what another process got for the refresh token of now.</summary>
    public static Task RotateElsewhereAsync(this ITokenStore store, TokenSet tokens) => store.Other().SaveAsync(tokens);
}
