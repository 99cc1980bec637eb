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
        SignedInSnapshot signedIn => HeldLogin.SignedIn(
            signedIn.LoginId.ToString(),
            signedIn.Version,
            signedIn.Tokens,
            signedIn.Revision,
            signedIn.AccessToken.ReceivedAt.SteadyElapsed(services.Time)),
        EndedSnapshot { End: var end } ended => HeldLogin.Ended(
            ended.LoginId.ToString(), ended.Version, end.TokenHash, end.Reason, end.Error),

        // The store doesn't know this sign-out. The record isn't to be replaced by it, because only SignOutAsync revokes the tokens.
        SignedOutSnapshot { UnsavedEndOf.IsNone: false } => HeldLogin.None,
        SignedOutSnapshot signedOut => HeldLogin.SignedOut(signedOut.Version),
        _ => HeldLogin.None,
    };
}
