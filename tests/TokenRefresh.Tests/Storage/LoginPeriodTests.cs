using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage;

/// <summary>The periods between the sign-outs of a login that several browsers share.</summary>
[Trait("Case", "B81")]
public sealed class LoginPeriodTests
{
    private const long KnownVersion = 50;
    private const long NextVersion = 100;
    private static readonly TokenCodec Codec = new(new TokenSessionKey("orders"), protector: null);

    private readonly HookedTime _time = new();

    [Theory]
    [InlineData("nothing", 0, LoginPeriod.New, NextVersion)]
    [InlineData("nothing", 0, 40, 40)]
    [InlineData("tokens", 51, LoginPeriod.New, 30)]
    [InlineData("tokens", 51, 40, 30)]
    [InlineData("tokens", 50, 40, 40)]
    [InlineData("tokens", 50, LoginPeriod.New, NextVersion)]
    [InlineData("unreadable tokens", 51, 40, NextVersion)]
    [InlineData("ended", 51, 40, NextVersion)]
    [InlineData("signed out", 51, 40, NextVersion)]
    [InlineData("signed out", 50, 40, NextVersion)]
    public void A_sign_in_joins_the_period_of_the_login_that_it_replaces(string record, long version, long known, long expected)
    {
        var replaced = record switch
        {
            "nothing" => null,
            "ended" => new LoginRecord { State = LoginState.Ended, Version = version },
            "signed out" => LoginRecordFactory.SignedOut(version),
            _ => new LoginRecord { State = LoginState.SignedIn, Version = version },
        };

        var joined = LoginPeriod.Join(
            Tokens(1).WithPeriod(known), KnownVersion, replaced, _ => record == "tokens" ? Tokens(0).WithPeriod(30) : null, NextVersion);

        Assert.Equal(expected, joined.Period);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Without_a_store_a_sign_out_that_overtakes_a_sign_in_begins_a_new_period(int reading)
    {
        await using var session = TokenSession.Create(
            new TokenRefreshOptions { TokenEndpoint = new("https://login.example.com/token"), ClientId = "orders", CountsPeriods = true },
            new TokenSessionSettings { TimeProvider = _time });
        var first = await session.SaveAsync(Tokens(1), default);
        var second = await session.SaveAsync(Tokens(2), default);

        _time.OnReading(reading, () => session.SignOutAsync().GetAwaiter().GetResult());
        var third = await session.SaveAsync(Tokens(3), default);

        Assert.Equal(first.Period, second.Period);
        Assert.True(third.Period > second.Period);
        Assert.Equal(third.Period, session.Tokens!.Period);
    }

    [Fact]
    public void A_refresh_keeps_the_period_whatever_else_the_response_holds()
    {
        var members = Enumerable.Range(0, 100).ToDictionary(i => $"member-{i}", _ => new string('x', 1000));
        var refreshed = new TokenSet("access-2") { Additional = members }.WithDefaultsFrom(Tokens(1).WithPeriod(7), _time.GetUtcNow());

        Assert.Equal(7, refreshed.Period);
    }

    [Fact]
    public void The_period_is_saved_and_read_back_and_no_member_of_a_response_is_taken_for_it()
    {
        var tokens = new TokenSet("access-1", "refresh-1") { Additional = new Dictionary<string, string> { ["period"] = "9" } };

        Assert.Equal(7, Codec.Read(Codec.Write(tokens.WithPeriod(7))).Period);
        Assert.Equal(7, Codec.Read(Codec.Write(TokenSet.FromRefreshToken("refresh-1").WithPeriod(7))).Period);
        Assert.Equal(0, Codec.Read(Codec.Write(tokens)).Period);
    }

    private static TokenSet Tokens(int number) => new($"access-{number}", $"refresh-{number}");

    /// <summary>A clock that runs something when it is read.</summary>
    private sealed class HookedTime : FakeTimeProvider
    {
        private Action? _hook;
        private int _readings;

        public void OnReading(int number, Action hook) => (_readings, _hook) = (number, hook);

        public override DateTimeOffset GetUtcNow()
        {
            if (_hook is { } hook && --_readings == 0)
            {
                _hook = null;
                hook();
            }

            return base.GetUtcNow();
        }
    }
}
