using CsCheck;

namespace TokenRefresh.Tests.Model;

/// <summary>Whatever is done to a session, it does what its model does. A counterexample comes shrunk, with the seed that repeats it.</summary>
public sealed class SessionModelTests
{
    private const int Seconds = 6;

    private static readonly Command[] AtOnce =
        [Command.Send, Command.Send, Command.Ask, Command.Force, Command.Expire, Command.Revoke, Command.SignIn, Command.SignOut];

    private static readonly Gen<Command[]> Sequences = Gen.Enum<Command>().Array[1, 30];

    [Fact]
    public Task One_thing_after_the_other() => Gen.Select(Gen.Bool, Sequences).SampleAsync(
        async (hasGrace, commands) => None(await DifferenceAsync(hasGrace, commands)), time: Seconds);

    [Fact]
    public Task Several_things_at_once_after_one_another() => Gen.Select(Gen.Enum<Command>().Where(c => c is not (Command.Fail or Command.Cut)).Array[1, 8], Gen.Int[0, AtOnce.Length - 1].Select(i => AtOnce[i]).Array[2, 4]).SampleAsync(
        async (before, atOnce) => None(await DifferenceAsync(before, atOnce)), time: Seconds);

    // Found so, and shrunk to this.
    [Fact]
    public async Task Expired_tokens_that_were_not_loaded_yet_are_refreshed_once_when_that_is_asked_for() =>
        None(await DifferenceAsync(hasGrace: false, [Command.Wait, Command.Restart, Command.Force]));

    private static void None(string? difference)
    {
        if (difference is not null)
        {
            Assert.Fail(difference);
        }
    }

    /// <returns>Where the session did something else than its model; <see langword="null"/>: nowhere.</returns>
    private static async Task<string?> DifferenceAsync(bool hasGrace, Command[] commands)
    {
        await using var session = new SessionUnderTest(hasGrace);
        var model = new SessionModel(hasGrace);
        var isCut = false;
        foreach (var command in commands.Prepend(Command.SignIn))
        {
            isCut |= command == Command.Cut;
            var expected = $"{command}: '{model.Do(command)}', {model.Calls} calls, {model.ReLogins} re-logins";
            var actual = $"{command}: '{await session.DoAsync(command)}', {session.Calls} calls, {await session.CountReLoginsAsync(model.ReLogins)} re-logins";
            if (actual != expected)
            {
                return $"{string.Join(", ", commands)}. Expected {expected}; but {actual}.";
            }
        }

        return session.PresentedTwice > 0 && !isCut && !commands.Contains(Command.Fail) ? "A refresh token was presented twice." : null;
    }

    /// <returns>An outcome that no order of the commands explains; <see langword="null"/>: there is an order.</returns>
    private static async Task<string?> DifferenceAsync(Command[] before, Command[] atOnce)
    {
        await using var session = new SessionUnderTest(hasGrace: true);
        Command[] history = [Command.SignIn, .. before];
        foreach (var command in history)
        {
            await session.DoAsync(command);
        }

        var outcomes = await Task.WhenAll(atOnce.Select(command => Task.Run(() => session.DoAsync(command))));
        var last = await session.DoAsync(Command.Ask) + ", " + await session.DoAsync(Command.Send);
        foreach (var order in Orders(Enumerable.Range(0, atOnce.Length).ToArray()))
        {
            var model = new SessionModel(hasGrace: true);
            Array.ForEach(history, command => model.Do(command));
            var isExplained = order.All(i => IsExplained(atOnce, atOnce[i], outcomes[i], model.Do(atOnce[i])));
            if (isExplained && last == model.Do(Command.Ask) + ", " + model.Do(Command.Send))
            {
                return null;
            }
        }

        return $"{string.Join(", ", before)}, then at once {string.Join(", ", atOnce.Zip(outcomes))}, at last {last}.";
    }

    // A request that was held while its login was ended, or its new token refused, has its own 401, in no order of whole commands. And a forced
    // refresh that ended the login returns if a sign-in has brought new tokens before it looks.
    private static bool IsExplained(Command[] atOnce, Command command, string outcome, string expected) =>
        outcome == expected
        || (command == Command.Send && outcome == "401" && atOnce.Any(c => c is Command.SignIn or Command.SignOut or Command.Expire))
        || (command == Command.Force && outcome == "ReLoginRequired" && atOnce.Contains(Command.SignOut))
        || (command == Command.Force && outcome == "a token" && expected == "ReLoginRequired" && atOnce.Contains(Command.SignIn));

    private static IEnumerable<int[]> Orders(int[] items) => items.Length <= 1
        ? [items]
        : items.SelectMany(first => Orders([.. items.Where(i => i != first)]), (first, rest) => (int[])[first, .. rest]);
}
