using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>
/// Describes a session's snapshot to the store: the login that this process has, and writes back if the store has lost it.
/// </summary>
internal static class HeldLogins
{
    public static HeldLogin Of(SessionSnapshot snapshot, SessionServices services) => snapshot switch
    {
        SignedInSnapshot signedIn => Of(signedIn, signedIn.Revision, services),
        EndedSnapshot { End: var end } ended => HeldLogin.Ended(
            ended.LoginId.ToString(), ended.Version, end.TokenHash, end.Reason, end.Error),
        SignedOutSnapshot signedOut => HeldLogin.SignedOut(signedOut.Version),
        _ => HeldLogin.None,
    };

    /// <summary>The same login at the revision that the lease was written with.</summary>
    public static HeldLogin Of(SignedInSnapshot signedIn, string? revision, SessionServices services) =>
        SignedIn(signedIn, signedIn.Version, revision, services);

    /// <summary>The version before <paramref name="unsaved"/>, which the store has until these tokens are saved.</summary>
    public static HeldLogin OfPrevious(SignedInSnapshot unsaved, SessionServices services) =>
        SignedIn(unsaved, unsaved.Version - 1, revision: null, services);

    private static HeldLogin SignedIn(SignedInSnapshot signedIn, long version, string? revision, SessionServices services)
    {
        var age = signedIn.AccessToken.ReceivedAt.SteadyElapsed(services.Time);
        return HeldLogin.SignedIn(signedIn.LoginId.ToString(), version, signedIn.Tokens, revision, age);
    }
}
