using System.Globalization;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.AspNetCore.Sessions;

/// <summary>
/// Tells the cookies of a user's browsers apart that share a session key. A sign-out of one browser ends the cookies of all, and a later
/// login has the same key: without this it would revive them.
/// </summary>
/// <remarks>
/// The time between two sign-outs is a period. Its number is the version of the sign-out before it, which only grows and is the same on
/// all nodes. It is saved with the tokens and in the cookie.
/// </remarks>
internal static class SharedLogin
{
    private const string Member = "TokenRefresh/period";

    // Where no sign-out is known, logins that begin at once on several nodes must accept each other's cookies.
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(1);

    /// <summary>Signs a login in. While a browser of the user is signed in, the login joins its period.</summary>
    /// <returns>The login's key for the cookie.</returns>
    /// <exception cref="TokenRefreshException">The store can't be read or written. Nothing has changed.</exception>
    public static async Task<LoginKey> SignInAsync(
        TokenSession session, LoginKey login, TokenSet tokens, TimeProvider time, CancellationToken cancellationToken)
    {
        // Without it the session may be signed in on another node, or signed out.
        await session.LookIntoStoreAsync(cancellationToken).ConfigureAwait(false);
        var (own, first) = FindPeriod(session, time.GetUtcNow());
        var marked = tokens.WithAdditional(Member, first.ToString(CultureInfo.InvariantCulture));
        await session.SignInAsync(marked, cancellationToken).ConfigureAwait(false);
        return login with { Period = own };
    }

    /// <summary>Whether these tokens are of the login's period, not of one after a sign-out.</summary>
    public static bool Includes(TokenSet tokens, LoginKey login) => login.Period >= FirstPeriod(tokens);

    /// <summary>The period of a new login, and the first whose cookies lead to the session.</summary>
    private static (long Own, long First) FindPeriod(TokenSession session, DateTimeOffset now) => session.Context.Current switch
    {
        SignedInSnapshot { Tokens: var tokens } when FirstPeriod(tokens) is var first => (first, first),
        { Version: > 0 and var version } => (version, version),
        _ => (now.ToUnixTimeMilliseconds(), (now - Overlap).ToUnixTimeMilliseconds()),
    };

    private static long FirstPeriod(TokenSet tokens) =>
        tokens.Additional.TryGetValue(Member, out var text)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var period)
            ? period
            : 0;
}
