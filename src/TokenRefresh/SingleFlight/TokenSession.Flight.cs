using System;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;

namespace TokenRefresh;

// One flight at a time: joined, led, landed.
public sealed partial class TokenSession
{
    private static readonly Task<FlightFailure?> MovedOn = Task.FromResult<FlightFailure?>(null);

    /// <summary>Joins the flight that is open for this generation, or leads a new one. Its outcome is a value: it never throws but for disposal.</summary>
    private Task<FlightFailure?> Join(Generation seen, FlightCause cause, bool isAwaited = true)
    {
        var open = _flight;
        if (open is not null && open == FlightScope.Current)
        {
            return Task.FromResult<FlightFailure?>(FlightFailures.Recursion(Name));
        }

        // Followers of an open flight don't touch the gate.
        if (open?.Base == seen)
        {
            return open.Outcome;
        }

        Flight flight;
        var gate = Gate;
        gate.Wait();
        try
        {
            if (_current != seen)
            {
                return MovedOn;
            }

            if (_flight is not null)
            {
                return _flight.Outcome;
            }

            if (_coolDown?.Holds(cause, _services.Time) is { } failure)
            {
                return Task.FromResult<FlightFailure?>(failure);
            }

            if (!_services.Work.TryEnter())
            {
                if (!isAwaited)
                {
                    return MovedOn;
                }

                throw new ObjectDisposedException(nameof(TokenSession), $"Session '{Name}' is disposed: no refresh can be started.");
            }

            _flight = flight = new Flight(seen, cause, isAwaited);
        }
        finally
        {
            gate.Release();
        }

        // Nothing of the request that happened to come first flows into the flight: no context, no cancellation, no thread.
        ThreadPool.UnsafeQueueUserWorkItem(led => _ = LeadAsync((Flight)led!), flight);
        return flight.Outcome;
    }

    private async Task LeadAsync(Flight flight)
    {
        var report = _services.Telemetry.Depart(flight);
        var leader = new FlightLeader(this, flight);
        Exception? broken = null;
        FlightFailure? failure;
        try
        {
            failure = await leader.RunAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // A flight that is open and led by nobody would hold its waiters for ever.
            broken = e;
            failure = FlightFailures.Unexpected(Name, e);
        }

        Land(flight, failure);
        try
        {
            report.Arrive(leader.Outcome, failure);
            if (broken is not null)
            {
                Log.FlightBroke(_services.Logger, Name, broken.GetType().Name);
            }

            await AnnounceAsync(leader.Announcement).ConfigureAwait(false);
        }
        finally
        {
            // Also when a logger throws.
            flight.Complete(failure);
            _services.Work.Exit();
        }
    }

    /// <summary>Frees the place for the next flight, unless a sign-in or sign-out already has.</summary>
    private void Land(Flight flight, FlightFailure? failure)
    {
        var gate = Gate;
        gate.Wait();
        try
        {
            if (_flight != flight)
            {
                return;
            }

            _flight = null;
            _coolDown = failure is null
                ? null
                : CoolDown.After(_coolDown, failure, flight.Cause, _services.Time, _services.Random());
        }
        finally
        {
            gate.Release();
        }
    }
}
