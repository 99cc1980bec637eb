using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>
/// Reads the store again while a user is signed in, at most once per <see cref="TokenRefreshOptions.RecheckInterval"/>. For stores that
/// can't notify.
/// </summary>
/// <remarks>
/// There is no timer: a session that isn't used costs nothing. So the first use after the interval waits for the read. Without that wait, a
/// session that was idle for hours would send one more request with a token whose login ended hours ago.
/// </remarks>
internal sealed class StoreRecheck(RecheckSettings settings)
{
    /// <summary>How long a read may take. A request then continues with the tokens that the session has.</summary>
    public static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(2);

    // Before the first read, the interval counts from here: a session that signs in has the stored state.
    private readonly ClockReading _createdAt = ClockReading.Now(settings.Time);
    private volatile Check? _last;

    /// <summary>Whether the interval is over, or a read is running.</summary>
    public bool IsDue => _last is var last && (last is { IsDone: false } || IsOver(last));

    /// <summary>Starts a read if the interval is over, or joins the one that is running.</summary>
    /// <returns>
    /// A task that completes when the session has the stored login, or when the read has failed. It never fails. While the store can't be
    /// reached it is complete at once, and the read runs in the background.
    /// </returns>
    public Task JoinAsync(SessionContext session)
    {
        // The read takes no context, no cancellation and no thread from the request.
        if (TryBegin(session) is { } check)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static check => ((Check)check!).Run(), check);
        }

        return Awaited;
    }

#if NET8_0_OR_GREATER
    /// <summary>The same for a caller that blocks. Callers that block may use all threads of the pool.</summary>
    public Task JoinOnOwnThread(SessionContext session)
    {
        _ = TryBegin(session);
        if (_last is { HasReader: false } check)
        {
            OtherThread.Start(static check => ((Check)check!).Run(), check);
        }

        return Awaited;
    }
#endif

    private Task Awaited => settings.IsAway ? Task.CompletedTask : _last?.Done ?? Task.CompletedTask;

    private Check? TryBegin(SessionContext session)
    {
        var last = _last;
        if (last is { IsDone: false } || !IsOver(last))
        {
            return null;
        }

        var next = new Check(settings.Time, session);
        return Interlocked.CompareExchange(ref _last, next, last) == last ? next : null;
    }

    private bool IsOver(Check? last) => (last?.StartedAt ?? _createdAt).Elapsed(settings.Time) >= settings.Interval;

    /// <summary>One read of the store.</summary>
    private sealed class Check(TimeProvider time, SessionContext session)
    {
        private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // Null when a thread has begun to read. The listeners of an evicted session stay in memory, and with them this check. It must not
        // keep the session.
        private SessionContext? _session = session;

        public ClockReading StartedAt { get; } = ClockReading.Now(time);

        public Task Done => _done.Task;

        public bool IsDone => Done.IsCompleted;

        /// <summary>Whether a thread has begun to read.</summary>
        public bool HasReader => Volatile.Read(ref _session) is null;

        /// <summary>Reads, unless another thread does so already.</summary>
        public void Run()
        {
            if (Interlocked.Exchange(ref _session, null) is { } session)
            {
                _ = ReadAsync(session);
            }
        }

        private async Task ReadAsync(SessionContext session)
        {
            var settings = session.Services.Rechecks!;
            try
            {
                // A disposal waits for this read, and the app's clock may stand still.
                using var limit = session.Services.Time.CreateTimeout(ReadTimeout);
                using var ending = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, session.Services.Work.Stopping);
                if (await new StoreLook(session).ReadAsync(ending.Token).ConfigureAwait(false))
                {
                    settings.StoreAnswered();
                }
            }
            catch (StoreException e)
            {
                // If only this record can't be read, the store answers, and other sessions still wait for it.
                if (e.Cause is TokenStoreConfigurationException || (!session.Services.Work.IsStopping && settings.StoreFailed()))
                {
                    SessionLog.RecheckFailed(session.Services.Logger, session.Services.Name, StoreException.Describe(e.Cause));
                }
            }
            finally
            {
                _done.TrySetResult(true);
            }
        }
    }
}

/// <summary>The shared state of the sessions of one name for reading the store again while a user is signed in.</summary>
internal sealed class RecheckSettings(TimeSpan interval, TimeProvider time)
{
    private int _isAway;

    /// <summary>The shortest time between two reads of one session.</summary>
    public TimeSpan Interval => interval;

    public TimeProvider Time => time;

    /// <summary>Whether the last read failed. Then no use of a session waits for the store.</summary>
    public bool IsAway => Volatile.Read(ref _isAway) != 0;

    /// <summary>Notes that the store answered.</summary>
    public void StoreAnswered() => Volatile.Write(ref _isAway, 0);

    /// <summary>Notes that a read failed.</summary>
    /// <returns>Whether it is the first one since the store answered.</returns>
    public bool StoreFailed() => Interlocked.Exchange(ref _isAway, 1) == 0;
}
