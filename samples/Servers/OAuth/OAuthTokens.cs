namespace TokenRefresh.Samples.Servers;

/// <summary>The tokens of a sign-in.</summary>
/// <param name="AccessToken">The access token.</param>
/// <param name="RefreshToken">The refresh token.</param>
/// <param name="ExpiresIn">How long the access token lives from now.</param>
public sealed record OAuthTokens(string AccessToken, string RefreshToken, TimeSpan ExpiresIn);
