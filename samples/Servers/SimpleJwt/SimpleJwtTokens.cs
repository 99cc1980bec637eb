namespace TokenRefresh.Samples.Servers;

/// <summary>The tokens of a sign-in.</summary>
/// <param name="Access">The access token.</param>
/// <param name="Refresh">The refresh token.</param>
public sealed record SimpleJwtTokens(string Access, string Refresh);
