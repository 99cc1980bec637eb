namespace TokenRefresh.Diagnostics;

/// <summary>The values of tags. The only other values are the names of sessions.</summary>
internal static class TagValues
{
    public static string Of(FlightOutcome outcome) => outcome switch
    {
        FlightOutcome.Superseded => "superseded",
        FlightOutcome.Refreshed => "refreshed",
        FlightOutcome.LoadedFromStore => "loaded_from_store",
        FlightOutcome.ReLoginRequired => "re_login_required",
        FlightOutcome.Transient => "transient",
        FlightOutcome.Configuration => "configuration",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };

    public static string Of(ReLoginReason reason) => reason switch
    {
        ReLoginReason.Rejected => "rejected",
        ReLoginReason.LostRotation => "lost_rotation",
        ReLoginReason.InteractionRequired => "interaction_required",
        ReLoginReason.NoRefreshToken => "no_refresh_token",
        _ => throw new ArgumentOutOfRangeException(nameof(reason)),
    };

    public static string Of(TokenSessionState state) => state switch
    {
        TokenSessionState.NotLoaded => "not_loaded",
        TokenSessionState.SignedOut => "signed_out",
        TokenSessionState.SignedIn => "signed_in",
        TokenSessionState.ReLoginRequired => "re_login_required",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };
}
