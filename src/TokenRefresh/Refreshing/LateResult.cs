using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>Applies a result that arrives after the deadline of its flight: its tokens are still saved and used.</summary>
internal sealed class LateResult(SessionContext session, Flight flight, SessionSnapshot start, HeldLogin held)
{
    /// <summary>Waits for the call and applies its result, unless the session has changed since.</summary>
    public async Task ApplyAsync(Task<TokenEndpointResult> calling)
    {
        TokenEndpointResult result;
        try
        {
            result = await calling.ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Cancelled, or failed: the flight has reported its failure.
            return;
        }

        // Wait for the end of the flight: its failure starts a cool-down, and this result ends it.
        await flight.Result.ConfigureAwait(false);
        await TrackedWork.RunAsync(session, () => ApplyAsync(result)).ConfigureAwait(false);
    }

    private Task<FlightRun> ApplyAsync(TokenEndpointResult result)
    {
        if (start is not SignedInSnapshot || session.Current != start)
        {
            return Task.FromResult(FlightRun.Superseded with { Orphaned = SessionPublisher.OrphanedOf(session, result.Tokens) });
        }

        var publisher = new SessionPublisher(session, start);
        return result switch
        {
            { Tokens: { } tokens } => publisher.SaveAsync(held, tokens),
            { NewRefreshToken: { } refreshToken } => publisher.SaveRefreshTokenAsync(held, refreshToken),
            _ => Task.FromResult(FlightRun.Superseded),
        };
    }
}
