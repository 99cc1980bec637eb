using TokenRefresh.Refreshing;

namespace TokenRefresh.Handling;

/// <summary>The session that a request is sent with.</summary>
/// <param name="Session">The session; <see langword="null"/> if the request is sent without a token.</param>
/// <param name="LoginId">
/// The login that the request was authorized with before, if an outer handler sends it again. Otherwise <see langword="null"/>: the request
/// has no <c>Authorization</c> header then.
/// </param>
/// <param name="WithoutToken">Why a rejection of a request without a token reaches the caller.</param>
internal readonly record struct ResolvedSession(
    SessionContext? Session, LoginId? LoginId = null, TokenRefreshOutcome WithoutToken = TokenRefreshOutcome.None);
