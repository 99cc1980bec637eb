using System;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Diagnostics;

namespace TokenRefresh;

// What the app hears, and when.
public sealed partial class TokenSession
{
    // A waiter that is told "sign in again" finds the event already heard; a subscriber that blocks keeps nobody waiting longer than
    // this. Real time, whatever the clock of the session is: a fail-safe against a thread that doesn't come back.
    private static readonly TimeSpan HearingTime = TimeSpan.FromMilliseconds(100);

    internal async Task AnnounceAsync(EventArgs? announcement)
    {
        if (announcement is null || !HasListeners(announcement))
        {
            return;
        }

        // On a thread of their own, outside every lock: subscribers may block, throw, sign in, or call the client.
        var hearing = Task.Run(() => TellAsync(announcement));
        await Task.WhenAny(hearing, TimeProvider.System.Delay(HearingTime, CancellationToken.None)).ConfigureAwait(false);
    }

    private bool HasListeners(EventArgs announcement) => announcement is ReLoginRequiredEventArgs
        ? ReLoginRequired is not null || _services.Options.OnReLoginRequired is not null
        : TokensRefreshed is not null;

    private async Task TellAsync(EventArgs announcement)
    {
        if (announcement is TokensRefreshedEventArgs refreshed)
        {
            Tell(TokensRefreshed, refreshed);
            return;
        }

        var required = (ReLoginRequiredEventArgs)announcement;
        Tell(ReLoginRequired, required);
        if (_services.Options.OnReLoginRequired is { } callback)
        {
            try
            {
                await callback(this, required, _services.Work.Stopping).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Log.SubscriberThrew(_services.Logger, Name, e.GetType().Name);
            }
        }
    }

    // One by one: a subscriber that throws doesn't keep the next from hearing.
    private void Tell<TArgs>(EventHandler<TArgs>? subscribers, TArgs args)
    {
        foreach (var subscriber in subscribers?.GetInvocationList() ?? [])
        {
            try
            {
                ((EventHandler<TArgs>)subscriber)(this, args);
            }
            catch (Exception e)
            {
                Log.SubscriberThrew(_services.Logger, Name, e.GetType().Name);
            }
        }
    }
}
