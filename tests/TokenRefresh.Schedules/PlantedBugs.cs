namespace TokenRefresh.Schedules;

/// <summary>The schedules find what they are meant to find: bugs that others have had, planted in the same sources.</summary>
public sealed class PlantedBugs
{
    // The server asserts both. Which one a schedule breaks first depends on what runs next.
    private static readonly string[] TwoRefreshes = ["A refresh token was presented twice", "Two refreshes of one login at once"];

    [Fact]
    public void A_late_finisher_that_removes_a_newer_flight_is_found() =>
        Finds(TwoRefreshes, on => Plants.LateFinisherRemovesANewerFlight = on, () => FlightSchedules.OthersSignInAsync(isSaved: false));

    [Fact]
    public void A_check_that_is_not_made_again_inside_the_gate_is_found() =>
        Finds(TwoRefreshes, on => Plants.ActsWithoutCheckingAgain = on, () => FlightSchedules.BurstAsync(isSaved: false));

    [Fact]
    public void A_flight_that_publishes_over_another_sign_in_is_found() =>
        Finds(["A request was sent again with the token it was refused with"], on => Plants.PublishesOverSomethingNewer = on, () => FlightSchedules.OthersSignInAsync(isSaved: true));

    [Fact]
    public void Waiters_woken_before_the_tokens_are_there_are_found() =>
        Finds(["A request wasn't repaired"], on => Plants.WakesBeforePublishing = on, () => FlightSchedules.BurstAsync(isSaved: true));

    private static void Finds(string[] broken, Action<bool> plant, Func<Task> program)
    {
        plant(true);
        try
        {
            // 20 of each kind: proof.md says that so few are enough.
            var bug = Explorer.FindBug(program, schedules: 40);
            Assert.Contains(broken, law => bug?.Contains(law, StringComparison.Ordinal) == true);
        }
        finally
        {
            plant(false);
        }
    }
}
