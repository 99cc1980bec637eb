using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>
/// The cookie's data about one login: the key of its session and, if the provider can end the login, the hashes by which a logout token
/// finds it. It contains no unhashed identifier.
/// </summary>
/// <param name="SessionKey">The user key of the token session.</param>
/// <param name="Subject">The hash of issuer, client and <c>sub</c>, or <see langword="null"/>.</param>
/// <param name="ProviderSession">The hash of issuer, client and <c>sid</c>, or <see langword="null"/>.</param>
/// <param name="IssuedAt">When the provider issued the id token, in seconds since 1970; 0 if there is none.</param>
/// <param name="Period">
/// The period of the session in which the login began. A sign-out ends the period. A later login may have the same session key, because
/// it is of the same user or provider session.
/// </param>
internal sealed record LoginKey(
    string SessionKey, string? Subject = null, string? ProviderSession = null, long IssuedAt = 0, long Period = 0)
{
    private const int RandomBytes = 16;

    /// <summary>Whether these tokens are of the login's period, not of one after a sign-out.</summary>
    public bool IsInPeriodOf(TokenSet tokens) => Period >= tokens.Period;

    /// <summary>Creates the key of a login that no provider identifies.</summary>
    public static LoginKey NewRandom() => new(WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(RandomBytes)));

    /// <summary>The key of a provider's login.</summary>
    public static LoginKey Of(ProviderLogin login, UserTokenScope scope)
    {
        var subject = HashSubject(login.Issuer, login.ClientId, login.Subject);
        var providerSession = login.SessionId is null ? null : HashProviderSession(login.Issuer, login.ClientId, login.SessionId);
        var key = scope == UserTokenScope.PerUser ? OfProviderUser(login.Issuer, login.ClientId, login.Subject)
            : login.SessionId is null ? NewRandom().SessionKey
            : OfProviderSession(login.Issuer, login.ClientId, login.Subject, login.SessionId);
        return new LoginKey(key, subject, providerSession, login.IssuedAt);
    }

    /// <summary>The session key of a login that the provider names by <c>sub</c> and <c>sid</c>.</summary>
    public static string OfProviderSession(string issuer, string clientId, string subject, string sessionId) =>
        Hash("login", issuer, clientId, subject, sessionId);

    /// <summary>The session key that all browsers of a provider's user share.</summary>
    public static string OfProviderUser(string issuer, string clientId, string subject) => Hash("user", issuer, clientId, subject);

    public static string HashLogoutToken(string issuer, string clientId, string tokenId) => Hash("jti", issuer, clientId, tokenId);

    public static string HashSubject(string issuer, string clientId, string subject) => Hash("sub", issuer, clientId, subject);

    public static string HashProviderSession(string issuer, string clientId, string sessionId) => Hash("sid", issuer, clientId, sessionId);

    /// <summary>The key that all browsers of an app's user share.</summary>
    public static LoginKey OfUser(string userId) => new(Hash("app user", userId));

    // Each request parses its cookie's key, so only the key and its parts are allocated.
    public static LoginKey? Parse(string text)
    {
        Span<Range> parts = stackalloc Range[6];
        var count = text.AsSpan().Split(parts, '.');
        long issuedAt = 0;
        long period = 0;
        var isValid = !text.AsSpan(parts[0]).IsEmpty && count switch
        {
            1 => true,
            4 => TryRead(text.AsSpan(parts[3]), out issuedAt),
            5 => TryRead(text.AsSpan(parts[3]), out issuedAt) && TryRead(text.AsSpan(parts[4]), out period),
            _ => false,
        };
        return isValid
            ? new LoginKey(text[parts[0]], PartOf(text, parts[1]), PartOf(text, parts[2]), issuedAt, period)
            : null;
    }

    public string ToClaimValue() => this switch
    {
        { Period: not 0 } => string.Create(CultureInfo.InvariantCulture, $"{SessionKey}.{Subject}.{ProviderSession}.{IssuedAt}.{Period}"),
        { Subject: null, ProviderSession: null } => SessionKey,
        _ => string.Create(CultureInfo.InvariantCulture, $"{SessionKey}.{Subject}.{ProviderSession}.{IssuedAt}"),
    };

    /// <summary>Returns no identifier.</summary>
    public override string ToString() =>
        $"{nameof(LoginKey)} {{ HasSubject = {Subject is not null}, HasProviderSession = {ProviderSession is not null} }}";

    private static bool TryRead(ReadOnlySpan<char> text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static string? PartOf(string text, Range part) => text.AsSpan(part) is { IsEmpty: false } found ? found.ToString() : null;

    // The length stands before each part, so that different lists of parts have different texts.
    private static string Hash(params string[] parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var part in parts)
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        return WebEncoders.Base64UrlEncode(hash.GetHashAndReset());
    }
}
