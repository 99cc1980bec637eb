namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>The claims of a valid logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4).</summary>
internal sealed record LogoutToken(string Id, string Issuer, string ClientId, string? Subject, string? SessionId, long IssuedAt)
{
    /// <summary>Returns no identifier.</summary>
    public override string ToString() =>
        $"{nameof(LogoutToken)} {{ HasSubject = {Subject is not null}, HasSessionId = {SessionId is not null} }}";
}
