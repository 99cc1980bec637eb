using System;

namespace TokenRefresh.Samples.Servers;

/// <summary>What a sign-in brought.</summary>
/// <param name="AccessToken">The access token.</param>
/// <param name="RefreshToken">The refresh token.</param>
/// <param name="ExpiresIn">How long the access token lives from now.</param>
public sealed record OAuthTokens(string AccessToken, string RefreshToken, TimeSpan ExpiresIn);
