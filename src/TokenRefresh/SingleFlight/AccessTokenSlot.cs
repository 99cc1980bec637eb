namespace TokenRefresh.SingleFlight;

/// <summary>
/// The schedule of one access token, and whether the API rejected it. Versions of a login with the same access token share one slot, so the
/// token is rejected in all of them or in none.
/// </summary>
/// <param name="schedule">When the token is refreshed, and when it expires.</param>
/// <param name="receivedAt">When the token was received, by this process's clocks.</param>
internal sealed class AccessTokenSlot(TokenSchedule schedule, ClockReading receivedAt)
{
    // Servers round the expiry and the Date header down to whole seconds. So a token may expire this much before its known lifetime ends.
    private static readonly TimeSpan ServerClockStep = TimeSpan.FromSeconds(1);

    private volatile bool _isRejected;
    private volatile bool _isRejectedThoughNew;

#if NET8_0_OR_GREATER
    // The coarse tick until which the token may be sent without reading the clock. It is written without a lock, because each written value
    // is correct.
    private long _sendUntilTick;
#endif

    public TokenSchedule Schedule => schedule;

    public ClockReading ReceivedAt => receivedAt;

    /// <summary>Whether this process received the token from the endpoint. Other tokens come from a sign-in or from the store.</summary>
    public bool IsFromEndpoint { get; init; }

    /// <summary>Whether the API rejected this access token. It isn't sent again, even before its expiry.</summary>
    public bool IsRejected => _isRejected;

    public void Reject() => _isRejected = true;

    /// <summary>
    /// Whether the API rejected this access token although it had just been refreshed, so that another refresh wouldn't help.
    /// </summary>
    public bool IsRejectedThoughNew => _isRejectedThoughNew;

    public void NoteRejectedThoughNew() => _isRejectedThoughNew = true;

    /// <summary>Whether the access token may still be sent although a refresh failed.</summary>
    public bool IsUnexpired(TimeProvider time) => !_isRejected && Now(time) < schedule.ExpiresAt;

    /// <summary>Whether the server may reject the token because of its age.</summary>
    public bool MayHaveExpired(TimeProvider time) => Now(time) >= schedule.StaleAt - ServerClockStep;

    /// <summary>
    /// Whether the token was refreshed less than <paramref name="interval"/> ago (a quarter of its lifetime at most), so that another
    /// refresh wouldn't help against a 401. The quarter is needed for tokens that live some seconds: servers that round the expiry down
    /// reject them early.
    /// </summary>
    public bool WasJustRefreshed(TimeSpan interval, TimeProvider time)
    {
        if (!IsFromEndpoint || _isRejected)
        {
            return false;
        }

        var elapsed = receivedAt.Elapsed(time);
        return elapsed < interval && elapsed.Ticks < (schedule.ExpiresAt - receivedAt.Utc).Ticks / 4;
    }

    /// <summary>What to do with a request that is about to be sent with this token.</summary>
    public RefreshDecision Decide(TimeProvider time)
    {
        if (_isRejected)
        {
            return RefreshDecision.Wait;
        }

        if (schedule.IsUnknown)
        {
            return RefreshDecision.Send;
        }

#if NET8_0_OR_GREATER
        // Reading the system clock takes 25 ns, four times as long as the coarse tick. So the clock is read once a second at most.
        return ReferenceEquals(time, TimeProvider.System) && Environment.TickCount64 < Volatile.Read(ref _sendUntilTick)
            ? RefreshDecision.Send
            : DecideByClock(time);
#else
        return DecideByClock(time);
#endif
    }

    private RefreshDecision DecideByClock(TimeProvider time)
    {
        var now = Now(time);
        if (now >= schedule.RefreshAt)
        {
            return now < schedule.StaleAt ? RefreshDecision.SendAndRefresh : RefreshDecision.Wait;
        }

#if NET8_0_OR_GREATER
        // Use one percent of the remaining time, so that the clock is read more often for a short lifetime.
        var millisecondsUnchecked = Math.Min(1000, (long)(schedule.RefreshAt - now).TotalMilliseconds / 100);
        Volatile.Write(ref _sendUntilTick, Environment.TickCount64 + millisecondsUnchecked);
#endif
        return RefreshDecision.Send;
    }

    private static DateTime Now(TimeProvider time) => time.GetUtcNow().UtcDateTime;
}
