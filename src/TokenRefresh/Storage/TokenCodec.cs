using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenRefresh.Storage;

/// <summary>Writes and reads the token sets of one session, through its protector if it has one.</summary>
internal sealed class TokenCodec(TokenSessionKey key, ITokenProtector? protector)
{
    private const long FormatVersion = 1;

    public string Write(TokenSet tokens)
    {
        var text = JsonObjectText.Write(
            JavaScriptEncoder.Default,
            ("v", FormatVersion),
            ("access", tokens.HasAccessToken ? tokens.AccessToken : null),
            ("refresh", tokens.RefreshToken),
            ("scheme", tokens.Scheme),
            ("scope", tokens.Scope),
            ("expires", tokens.ExpiresAt),
            ("received", tokens.ReceivedAt),
            ("id", tokens.IdentityToken),
            ("refreshExpires", tokens.RefreshTokenExpiresAt),
            ("additional", tokens.Additional),
            ("period", tokens.Period == 0 ? null : tokens.Period));
        return protector is null ? text : Protect(protector, text);
    }

    private string Protect(ITokenProtector by, string text)
    {
        try
        {
            return by.Protect(key, text) ?? throw new InvalidOperationException("The protector returned null.");
        }
        catch (Exception e)
        {
            throw new TokenStoreConfigurationException(
                $"Tokens can't be encrypted ({e.GetType().Name}), so no refresh token is used. Make the key of the token protector "
                + "loadable.");
        }
    }

    /// <exception cref="TokenStoreConfigurationException">
    /// The text isn't one that <see cref="Write"/> wrote with this protector's key.
    /// </exception>
    public TokenSet Read(string value)
    {
        try
        {
            using var json = JsonDocument.Parse(protector is null ? value : protector.Unprotect(key, value));
            var root = json.RootElement;
            if (root.GetProperty("v").GetInt64() != FormatVersion)
            {
                throw new FormatException("The format version is unknown.");
            }

            var refreshToken = root.ReadText("refresh");
            var tokens = root.ReadText("access") is { } accessToken
                ? new TokenSet(accessToken, refreshToken)
                {
                    Scheme = root.ReadText("scheme"),
                    Scope = root.ReadText("scope"),
                    ExpiresAt = root.ReadTime("expires"),
                    ReceivedAt = root.ReadTime("received"),
                    IdentityToken = root.ReadText("id"),
                    RefreshTokenExpiresAt = root.ReadTime("refreshExpires"),
                    Additional = TokenSetExtras.Copy(root.ReadTexts("additional")),
                }
                : TokenSet.FromRefreshToken(refreshToken!);
            return tokens.WithPeriod(root.ReadNumber("period") ?? 0);
        }
        catch (Exception e)
        {
            // The app's protector may throw any exception, and its message can contain a secret: pass on only the exception's type.
            throw TokenStoreConfigurationException.Because(e.GetType().Name);
        }
    }
}
