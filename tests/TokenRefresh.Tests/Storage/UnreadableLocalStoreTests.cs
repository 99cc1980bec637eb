using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Storage;

/// <summary>A keychain that throws when it is read, as MAUI's SecureStorage does after a restore on another device.</summary>
[Trait("Case", "B72")]
public sealed class UnreadableLocalStoreTests
{
    [Theory]
    [InlineData(Damage.ReadsThrow)]
    [InlineData(Damage.ReadsAndOverwritesThrow)]
    [InlineData(Damage.TextIsGarbage)]
    public async Task A_sign_in_replaces_a_text_that_cant_be_read(Damage damage)
    {
        var keychain = new RestoredKeychain(damage);
        await using var app = TestApp.Over(keychain);

        var tokens = await app.SignInAsync();

        Assert.Equal(tokens.AccessToken, await app.Session.GetAccessTokenAsync());
        Assert.Equal(tokens.RefreshToken, await keychain.RefreshTokenAsync());
    }

    [Theory]
    [InlineData(Damage.ReadsThrow)]
    [InlineData(Damage.ReadsAndOverwritesThrow)]
    [InlineData(Damage.TextIsGarbage)]
    public async Task A_sign_out_removes_a_text_that_cant_be_read(Damage damage)
    {
        var keychain = new RestoredKeychain(damage);
        await using var app = TestApp.Over(keychain);

        await app.Session.SignOutAsync();

        Assert.Null(keychain.Text);
        Assert.Null(await app.Session.GetAccessTokenAsync());
    }

    [Theory]
    [InlineData(Damage.ReadsThrow)]
    [InlineData(Damage.TextIsGarbage)]
    public async Task A_refresh_replaces_and_removes_nothing_that_cant_be_read(Damage damage)
    {
        var keychain = new RestoredKeychain(damage);
        await using var app = TestApp.Over(keychain);

        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.RefreshAsync());
        await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.GetAccessTokenAsync());

        Assert.Equal(RestoredKeychain.Garbage, keychain.Text);
        Assert.Equal(0, app.Tokens.Calls);
    }

    public enum Damage
    {
        /// <summary>Reading throws until the text is replaced.</summary>
        ReadsThrow,

        /// <summary>Writing throws too, until the text is removed.</summary>
        ReadsAndOverwritesThrow,

        /// <summary>The text was decrypted with another key.</summary>
        TextIsGarbage,
    }

    private sealed class RestoredKeychain(Damage damage) : LocalTokenStore
    {
        public const string Garbage = "\u0001garbage";

        public string? Text { get; private set; } = Garbage;

        private bool IsDamaged => Text == Garbage && damage != Damage.TextIsGarbage;

        protected override ValueTask<string?> ReadTextAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
            IsDamaged ? throw new InvalidOperationException("The key of the keychain has changed.") : new(Text);

        protected override ValueTask WriteTextAsync(TokenSessionKey key, string text, CancellationToken cancellationToken)
        {
            if (IsDamaged && damage == Damage.ReadsAndOverwritesThrow)
            {
                throw new InvalidOperationException("The key of the keychain has changed.");
            }

            Text = text;
            return default;
        }

        protected override ValueTask RemoveTextAsync(TokenSessionKey key, CancellationToken cancellationToken)
        {
            Text = null;
            return default;
        }
    }
}
