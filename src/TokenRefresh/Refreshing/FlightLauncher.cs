using TokenRefresh.SingleFlight;

namespace TokenRefresh.Refreshing;

/// <summary>
/// Elects the thread that leads a flight. The leader runs the flight, lands it, notifies the app and wakes the waiters. The flight takes no
/// context, no cancellation and no thread from the request that came first.
/// </summary>
internal sealed class FlightLauncher(SessionContext session, Flight flight)
{
    public static void LeadOnPool(SessionContext session, Flight flight) =>
        ThreadPool.UnsafeQueueUserWorkItem(static launcher => ((FlightLauncher)launcher!).Lead(), new FlightLauncher(session, flight));

#if NET8_0_OR_GREATER
    /// <summary>
    /// Leads the flight on a thread of its own, unless a pool thread leads it already. Callers that block may use all pool threads.
    /// </summary>
    public static void LeadOnOwnThread(SessionContext session, Flight flight)
    {
        if (!flight.HasLeader)
        {
            OtherThread.Start(static launcher => ((FlightLauncher)launcher!).Lead(), new FlightLauncher(session, flight));
        }
    }
#endif

    private void Lead()
    {
        if (flight.TryLead())
        {
            _ = LeadAsync();
        }
    }

    private async Task LeadAsync()
    {
        var work = session.Services.Work;
        if (!work.TryBegin())
        {
            var disposed = FlightResult.Failed(FlightFailure.Disposed(session.Services.Name));
            session.Land(flight, disposed);
            flight.Complete(disposed);
            return;
        }

        var run = await RunAsync().ConfigureAwait(false);

        // This never fails, so the waiters are always woken.
        await session.FollowUpAsync(() => Task.FromResult(run)).ConfigureAwait(false);
        flight.Complete(run.Result);
        work.End();
    }

    // The flight lands before the app is notified, so an event handler finds the session free for the next flight.
    private async Task<FlightRun> RunAsync()
    {
        // A log provider or a listener may send a request, too. It must not wait for the flight that it reports.
        Flight.Current = flight;
        var report = new FlightReport(session.Services, flight);
        FlightRun run;
        try
        {
            report.Start();
            run = await new FlightRunner(session, flight).RunAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // If the flight stayed open without a leader, its waiters would never continue.
            run = FlightRun.Failed(FailureMessages.Crashed(session.Services.Name, e)) with { Crash = e };
        }

        run = run with { Result = session.Land(flight, run.Result) };
        report.End(run, session);
        return run;
    }
}
