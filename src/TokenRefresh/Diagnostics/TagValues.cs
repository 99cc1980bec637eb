using System;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Diagnostics;

/// <summary>What tags may say: nothing but these, and the names of registered sessions.</summary>
internal static class TagValues
{
    public static string Of(FlightCause cause) => cause switch
    {
        FlightCause.Load => "load",
        FlightCause.Expired => "expired",
        FlightCause.Rejected => "rejected",
        FlightCause.Ahead => "ahead",
        FlightCause.Forced => "forced",
        _ => throw new ArgumentOutOfRangeException(nameof(cause)),
    };

    public static string Of(FlightOutcome outcome) => outcome switch
    {
        FlightOutcome.MovedOn => "moved_on",
        FlightOutcome.Refreshed => "refreshed",
        FlightOutcome.Adopted => "adopted",
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
