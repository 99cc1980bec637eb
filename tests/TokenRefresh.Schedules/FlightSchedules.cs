using System.Net;
using Microsoft.Coyote.Specifications;

namespace TokenRefresh.Schedules;

/// <summary>
/// Each program in two ways: with the tokens in a store, and in a session that keeps them itself. What must hold in every schedule is
/// asserted by the server and the store as things arrive, and by the programs at their end; a waiter that never ends is a deadlock.
/// </summary>
public sealed class FlightSchedules
{
    [Fact]
    public void A_burst_costs_one_refresh() => Explorer.Explore(BurstAsync);

    [Fact]
    public void A_starter_that_is_cancelled_leaves_the_flight_to_the_others() => Explorer.Explore(async isSaved =>
    {
        var world = await World.SetAsync(isSaved);
        using var leaving = new CancellationTokenSource();
        var starter = world.SendAsync(leaving.Token);
        var others = world.BurstAsync(2);
        var cancelling = Task.Run(leaving.Cancel);
        World.AllSucceed(await others);
        await World.EndOrCancelAsync(starter);
        await cancelling;
        Specification.Assert(world.Server.Calls == 1, $"{world.Server.Calls} refreshes.");
        await world.EndAsync();
    });

    [Fact]
    public void A_flight_that_everybody_has_left_is_finished_and_used() => Explorer.Explore(async isSaved =>
    {
        var world = await World.SetAsync(isSaved);
        using var leaving = new CancellationTokenSource();
        Task[] leavers = [world.SendAsync(leaving.Token), world.SendAsync(leaving.Token)];
        await Task.Run(leaving.Cancel);
        foreach (var leaver in leavers)
        {
            await World.EndOrCancelAsync(leaver);
        }

        World.AllSucceed(await world.SendAsync());
        Specification.Assert(world.Server.Calls == 1, $"{world.Server.Calls} refreshes.");
        await world.EndAsync();
    });

    [Fact]
    public void A_flight_that_fails_fails_once_for_all_and_the_next_works() => Explorer.Explore(async isSaved =>
    {
        var world = await World.SetAsync(isSaved);
        world.Server.FailOnce(TokenEndpointResult.Transient("Not now."));
        var requests = new[] { world.SendAsync(), world.SendAsync(), world.SendAsync() };
        foreach (var request in requests)
        {
            await World.FailsAsync(request, TokenRefreshFailure.Transient);
        }

        Specification.Assert(world.Server.Calls == 1, $"{world.Server.Calls} refreshes.");
        world.Time.Advance(TimeSpan.FromMinutes(2));
        World.AllSucceed(await world.BurstAsync(2));
        Specification.Assert(world.Server.Calls == 2, $"{world.Server.Calls} refreshes.");
        await world.EndAsync();
    });

    [Fact]
    public void A_late_401_costs_no_second_refresh() => Explorer.Explore(async isSaved =>
    {
        var world = await World.SetAsync(isSaved);
        var late = world.SendAsync();
        await world.Session.RefreshAsync();
        World.AllSucceed(await late, await world.SendAsync());

        // A late 401 that beats the app's own refresh is one flight, one that comes after it none; the two never make two of one token.
        Specification.Assert(world.Server.Calls <= 2, $"{world.Server.Calls} refreshes.");
        await world.EndAsync();
    });

    [Fact]
    public void A_forced_refresh_beside_the_load_of_its_login_refreshes() => Explorer.Explore(async isSaved =>
    {
        var world = await World.SetAsync(isSaved);
        if (world.Store is { } store)
        {
            await using var restarted = world.NewSession(store);
            var ask = Task.Run(() => restarted.GetAccessTokenAsync());
            var force = Task.Run(() => restarted.RefreshAsync());
            await ask;
            await force;
            Specification.Assert(world.Server.Calls == 1, $"{world.Server.Calls} refreshes.");
        }

        await world.Session.DisposeAsync();
    });

    [Fact]
    public void A_sign_out_wins_over_a_flight() => Explorer.Explore(async isSaved =>
    {
        var world = await World.SetAsync(isSaved);
        var requests = world.BurstAsync(2);
        await world.Session.SignOutAsync();
        Specification.Assert(await world.Session.GetAccessTokenAsync() is null, "A token after sign-out.");
        await requests;
        await world.EndAsync();
        Specification.Assert(world.Session.State == TokenSessionState.SignedOut, $"{world.Session.State} after sign-out.");
    });

    [Fact]
    public void Anothers_sign_in_wins_over_a_flight() => Explorer.Explore(OthersSignInAsync);

    [Fact]
    public void Sign_out_and_sign_in_at_once_leave_one_of_the_two() => Explorer.Explore(async isSaved =>
    {
        var world = await World.SetAsync(isSaved);
        var requests = world.BurstAsync(2);
        var leaving = Task.Run(() => world.Session.SignOutAsync());
        await world.Session.SignInAsync(RotatingServer.TokensOf("bob"));
        await leaving;
        await requests;
        Specification.Assert(world.Session.State is TokenSessionState.SignedOut or TokenSessionState.SignedIn, $"{world.Session.State}.");
        Specification.Assert(await world.Session.GetAccessTokenAsync() is null or "bob-access-1", "Neither bob's token nor none.");
        await world.EndAsync();
    });

    [Fact]
    public void A_subscriber_may_call_back_in_and_block() => Explorer.Explore(async isSaved =>
    {
        var world = await World.SetAsync(isSaved);
        var heard = new TaskCompletionSource<string?>();
        world.Session.TokensRefreshed += (_, _) => heard.TrySetResult(world.Session.GetAccessTokenAsync().GetAwaiter().GetResult());
        World.AllSucceed(await world.BurstAsync(2));
        Specification.Assert(await heard.Task == "ann-access-2", "The subscriber saw an older token than the one it was told of.");
        await world.EndAsync();
    });

    [Fact]
    public void A_dead_login_is_told_once_and_the_callback_may_sign_in() => Explorer.Explore(async isSaved =>
    {
        var world = await World.SetAsync(isSaved);
        var heard = 0;
        var signedIn = new TaskCompletionSource<bool>();
        world.OnReLoginRequired = async (session, _, _) =>
        {
            Specification.Assert(Interlocked.Increment(ref heard) == 1, "Told twice of one dead login.");
            await session.SignInAsync(RotatingServer.TokensOf("bob"), CancellationToken.None);
            signedIn.SetResult(true);
        };
        world.Server.FailOnce(TokenEndpointResult.Rejected("invalid_grant"));
        await world.BurstAsync(2);
        await signedIn.Task;
        World.AllSucceed(await world.SendAsync());
        Specification.Assert(world.Server.Calls == 1, $"{world.Server.Calls} refreshes.");
        await world.EndAsync();
    });

    [Fact]
    public void A_save_that_fails_is_made_later_and_nothing_is_refreshed_before() => Explorer.Explore(async isLostAfterSaving =>
    {
        var world = await World.SetAsync(isSaved: true);
        world.Server.IsSaved = null;
        world.Store!.FailingSaves = 1;
        world.Store.FailsAfterSaving = isLostAfterSaving;
        World.AllSucceed(await world.BurstAsync(2));
        world.Server.Expire("ann-access-2");
        var later = world.BurstAsync(2);
        world.Time.Advance(TimeSpan.FromSeconds(2));
        World.AllSucceed(await later);
        Specification.Assert(world.Server.Calls == 2, $"{world.Server.Calls} refreshes.");
        await world.EndAsync();
    });

    [Fact]
    public void Two_processes_on_one_store_refresh_once() => Explorer.Explore(async () =>
    {
        var world = await World.SetAsync(isSaved: true);
        var other = world.NewSession(world.Store);
        var there = world.BurstAsync(2, world.ClientOf(other));
        World.AllSucceed(await world.BurstAsync(2));
        World.AllSucceed(await there);
        Specification.Assert(world.Server.Calls == 1, $"{world.Server.Calls} refreshes.");
        await other.DisposeAsync();
        await world.EndAsync();
    }, Explorer.Schedules);

    [Fact]
    public void Disposal_drains_the_flight_and_every_waiter_ends() => Explorer.Explore(async isSaved =>
    {
        var world = await World.SetAsync(isSaved);
        var requests = new[] { world.SendAsync(), world.SendAsync() };
        await world.EndAsync();
        foreach (var request in requests)
        {
            await World.EndsOrIsDisposedAsync(request);
        }
    });

    [Fact]
    public void A_user_who_is_asked_on_the_spot_is_asked_once_and_requests_go_on_with_his_login() => Explorer.Explore(async isSaved =>
    {
        var asked = 0;
        var world = await World.SetAsync(isSaved, async () =>
        {
            Specification.Assert(Interlocked.Increment(ref asked) == 1, "Asked twice.");
            await Task.Yield();
            return RotatingServer.TokensOf("ann", number: 7);
        });
        world.Server.FailOnce(TokenEndpointResult.Rejected("invalid_grant"));
        World.AllSucceed(await world.BurstAsync(2));
        await world.EndAsync();
    });

    [Fact]
    public void A_sign_out_wins_over_a_user_who_is_being_asked() => Explorer.Explore(async isSaved =>
    {
        var world = await World.SetAsync(isSaved, async () =>
        {
            await Task.Yield();
            return RotatingServer.TokensOf("ann", number: 7);
        });
        world.Server.FailOnce(TokenEndpointResult.Rejected("invalid_grant"));
        var requests = world.BurstAsync(2);
        await world.Session.SignOutAsync();
        Specification.Assert(await world.Session.GetAccessTokenAsync() is null, "A token after sign-out.");
        await requests;
        await world.EndAsync();
        Specification.Assert(world.Session.State == TokenSessionState.SignedOut, $"{world.Session.State} after sign-out.");
    });

    [Fact]
    public void A_refused_token_is_not_sent_again_under_another_version() => Explorer.Explore(async isSaved =>
    {
        var world = await World.SetAsync(isSaved);
        world.Server.FailOnce(TokenEndpointResult.RefreshTokenOnly("ann-refresh-2"));
        var request = world.SendAsync();
        await world.Session.RefreshAsync();
        World.AllSucceed(await request);
        await world.EndAsync();
    });

    [Fact]
    public void A_store_that_has_lost_its_records_gets_them_back_and_the_refused_token_is_not_sent_again() => Explorer.Explore(async () =>
    {
        var world = await World.SetAsync(isSaved: true);
        world.Store!.LoseAll();
        var request = world.SendAsync();
        var refresh = world.Session.RefreshAsync();

        // Other processes have a second to write back something newer.
        await world.Time.PassAsync(TimeSpan.FromSeconds(1));
        await refresh;
        World.AllSucceed(await request, await world.SendAsync());
        await world.EndAsync();
    }, Explorer.Schedules);

    internal static async Task BurstAsync(bool isSaved)
    {
        var world = await World.SetAsync(isSaved);
        World.AllSucceed(await world.BurstAsync());
        Specification.Assert(world.Server.Calls == 1, $"{world.Server.Calls} refreshes.");
        await world.EndAsync();
    }

    internal static async Task OthersSignInAsync(bool isSaved)
    {
        var world = await World.SetAsync(isSaved);
        var anns = world.BurstAsync(3);
        await world.Session.SignInAsync(RotatingServer.TokensOf("bob"));
        world.Server.Expire("bob-access-1");
        World.AllSucceed(await world.BurstAsync(4));
        await anns;
        Specification.Assert(await world.Session.GetAccessTokenAsync() == "bob-access-2", "Something of ann reached bob.");
        Specification.Assert(world.Server.CallsFor("bob") == 1, $"{world.Server.CallsFor("bob")} refreshes for bob.");
        await world.EndAsync();
    }
}
