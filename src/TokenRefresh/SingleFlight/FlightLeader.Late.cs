using System;
using System.Threading.Tasks;

namespace TokenRefresh.SingleFlight;

// What comes when the flight has landed: it still counts.
internal sealed partial class FlightLeader
{
    /// <summary>Commits what a call brought after its flight had given up on it.</summary>
    private async Task CommitLateAsync(Generation asked, TokenEndpointResult result)
    {
        // After the flight's own last words: its failure is remembered first, and then made good.
        await flight.Outcome.ConfigureAwait(false);
        if (flight.Base != asked || asked.State != TokenSessionState.SignedIn)
        {
            return;
        }

        if (result.Tokens is { } tokens)
        {
            await DoLateAsync(flight, late => late.CommitAsync(tokens, isRefreshed: true)).ConfigureAwait(false);
        }
        else if (result.NewRefreshToken is { } successor)
        {
            await DoLateAsync(flight, late => late.CommitAsync(asked.Tokens!.WithRefreshToken(successor), isRefreshed: false)).ConfigureAwait(false);
        }
    }

    /// <summary>Does what comes after the landing, by a leader of its own. The end of the app waits for it, and the app hears of it.</summary>
    private async Task DoLateAsync(Flight landed, Func<FlightLeader, Task> work)
    {
        var isCounted = _services.Work.TryEnter();
        try
        {
            var late = new FlightLeader(session, landed);
            await work(late).ConfigureAwait(false);
            await session.AnnounceAsync(late.Announcement).ConfigureAwait(false);
        }
        finally
        {
            if (isCounted)
            {
                _services.Work.Exit();
            }
        }
    }
}
