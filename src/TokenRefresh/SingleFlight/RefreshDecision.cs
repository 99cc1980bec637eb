using System;

namespace TokenRefresh.SingleFlight;

/// <summary>What a request does about its token before it is sent.</summary>
internal enum RefreshDecision
{
    /// <summary>Send with the token.</summary>
    Send,

    /// <summary>Send with the token, and start a refresh that nobody waits for.</summary>
    SendAndRefreshAhead,

    /// <summary>Wait for a flight: there is no token that may be sent.</summary>
    Hold,

    /// <summary>There is no login: send without a token.</summary>
    SendBare,

    /// <summary>The login is dead: answer here.</summary>
    AnswerLocally,
}

internal static class RefreshDecisions
{
    /// <summary>How long the word of a shared store that there is no login is believed: another process may sign in at any time.</summary>
    public static readonly TimeSpan RecheckInterval = TimeSpan.FromSeconds(1);

    public static RefreshDecision For(Generation generation, TimeProvider time) => generation.State switch
    {
        TokenSessionState.SignedIn => ForToken(generation, time),
        TokenSessionState.NotLoaded => RefreshDecision.Hold,
        TokenSessionState.ReLoginRequired when generation.CanAskUser => RefreshDecision.Hold,
        _ when generation.Checked?.Elapsed(time) >= RecheckInterval => RefreshDecision.Hold,
        TokenSessionState.SignedOut => RefreshDecision.SendBare,
        _ => RefreshDecision.AnswerLocally,
    };

    private static RefreshDecision ForToken(Generation generation, TimeProvider time)
    {
        if (generation.IsRejected)
        {
            return RefreshDecision.Hold;
        }

        var schedule = generation.Schedule;
        if (schedule.IsUnknown)
        {
            // No look at the clock, which would cost more than all the rest of this.
            return RefreshDecision.Send;
        }

        var now = time.GetUtcNow().UtcDateTime;
        return now < schedule.RefreshAt ? RefreshDecision.Send
            : now < schedule.StaleAt ? RefreshDecision.SendAndRefreshAhead
            : RefreshDecision.Hold;
    }
}
