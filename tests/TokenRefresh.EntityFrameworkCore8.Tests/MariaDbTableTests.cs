using Microsoft.EntityFrameworkCore;
using TokenRefresh.EntityFrameworkCore.Tests;

namespace TokenRefresh.EntityFrameworkCore8.Tests;

/// <summary>The collation, the character set, the time zone and the table of MariaDB.</summary>
[Trait("Case", "S17")]
public sealed class MariaDbTableTests(MariaDbFixture server)
{
    private static readonly TokenSessionKey Key = new("orders", "user@example.com");

    [Theory]
    [InlineData("utf8mb4 COLLATE utf8mb4_general_ci")]
    [InlineData("utf8mb3 COLLATE utf8mb3_general_ci")]
    [InlineData("latin1 COLLATE latin1_swedish_ci")]
    public async Task Keys_that_a_collation_takes_for_equal_are_two_records(string characterSet)
    {
        await using var database = await server.CreateAsync();
        await database.ExecuteAsync($"ALTER TABLE TokenSessions CONVERT TO CHARACTER SET {characterSet}");
        var store = database.Open();
        string[] users = ["user", "USER", "user ", "üser", "user\0"];

        foreach (var user in users)
        {
            var key = new TokenSessionKey("orders", user);
            Assert.Equal($"text of {user}", (await store.CompareExchangeAsync(key, $"text of {user}", null, null, default))?.Text);
        }

        foreach (var user in users)
        {
            var read = await store.ReadAsync(new TokenSessionKey("orders", user), default);
            Assert.Equal($"text of {user}", read?.Text);
            Assert.NotNull(await store.CompareExchangeAsync(new TokenSessionKey("orders", user), "two", read?.Revision, null, default));
        }

        Assert.Equal(users.Length, await CountAsync(database));
    }

    [Fact]
    public async Task A_revision_in_another_case_or_with_a_space_is_another_one()
    {
        await using var database = await server.CreateAsync();
        var store = database.Open();
        var first = (await store.CompareExchangeAsync(Key, "one", null, null, default))!.Value.Revision;

        Assert.Equal("one", (await store.CompareExchangeAsync(Key, "two", first.ToUpperInvariant(), null, default))?.Text);
        Assert.Equal("one", (await store.CompareExchangeAsync(Key, "two", first + " ", null, default))?.Text);
        Assert.Equal("one", (await store.ReadAsync(Key, default))?.Text);
        Assert.Equal("two", (await store.CompareExchangeAsync(Key, "two", first, null, default))?.Text);
    }

    [Fact]
    public async Task A_text_of_a_megabyte_is_kept_as_it_is()
    {
        await using var database = await server.CreateAsync();
        var text = string.Concat("😀 ü ", new string('x', 1_000_000), "\\'\"`%;\n");

        await database.Open().CompareExchangeAsync(Key, text, null, null, default);

        Assert.Equal(text, (await database.Open().ReadAsync(Key, default))?.Text);
    }

    [Fact]
    public async Task Ages_are_the_same_for_connections_of_different_time_zones()
    {
        await using var database = await server.CreateAsync();
        var east = database.Open(configure: options => options.AddInterceptors(new SessionSettings("SET time_zone = '+13:00'")));
        var west = database.Open(configure: options => options.AddInterceptors(new SessionSettings("SET time_zone = '-11:00'")));

        var first = await east.CompareExchangeAsync(Key, "one", null, TimeSpan.FromMinutes(1), default);
        var read = await west.ReadAsync(Key, default);

        Assert.Equal(first?.Revision, read?.Revision);
        Assert.InRange(read!.Value.Age, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(30));
        Assert.Equal(0, await west.RemoveEndedAsync(TimeSpan.Zero, default));
    }

    [Theory]
    [InlineData("DROP TABLE TokenSessions", "has no table TokenSessions", "(SQL state 42S02.)")]
    [InlineData("ALTER TABLE TokenSessions DROP COLUMN ExpiresAt", "has no table TokenSessions", "(SQL state 42S22.)")]
    [InlineData("ALTER TABLE TokenSessions MODIFY Text TEXT NOT NULL", "is too short", "(SQL state 22001.)")]
    [InlineData("ALTER TABLE TokenSessions MODIFY Text INT NOT NULL", "has a column type", "")]
    [InlineData("ALTER TABLE TokenSessions MODIFY WrittenAt INT NOT NULL", "has a column type", "")]
    [InlineData("ALTER TABLE TokenSessions CONVERT TO CHARACTER SET utf8mb3", "has a column type", "")]
    [InlineData("ALTER TABLE TokenSessions ADD COLUMN Tenant INT NOT NULL", "refuses the row of a session", "")]
    [InlineData("ALTER TABLE TokenSessions ADD CONSTRAINT Own CHECK (Text <> '-')", "refuses the row of a session", "")]
    [InlineData("ALTER TABLE TokenSessions ADD COLUMN Own INT DEFAULT 1 REFERENCES Orders (Id)", "refuses the row of a session", "")]
    [InlineData("CREATE TRIGGER Own BEFORE UPDATE ON TokenSessions FOR EACH ROW SET NEW.Text = NULL", "refuses the row of a session", "")]
    public async Task A_table_of_another_form_is_reported(string change, string advice, string code)
    {
        await using var database = await server.CreateAsync();
        await database.ExecuteAsync(change);

        var failure = await Assert.ThrowsAsync<TokenStoreConfigurationException>(
            () => database.Open().CompareExchangeAsync(Key, "😀" + new string('x', 70_000), null, null, default).AsTask());

        Assert.Contains(advice, failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(code, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("xxx", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_that_is_missing_uses_no_refresh_token()
    {
        await using var database = await server.CreateAsync();
        await using var app = database.CreateApp();
        await app.SignInAsync();
        await database.DropSessionsAsync();

        app.Tokens.ExpireAccessTokens();
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.GetAsync());

        Assert.Equal((TokenRefreshFailure.Configuration, 0), (failure.Failure, app.Tokens.Calls));
        Assert.Contains("modelBuilder.AddTokenSessions()", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_user_without_rights_is_reported()
    {
        await using var database = await server.CreateAsync();
        await database.ExecuteAsync("CREATE USER IF NOT EXISTS reader; GRANT SELECT ON TokenSessions TO reader");
        var store = database.Open(configure: options => options.UseMySql(database.Connection + ";User ID=reader", MariaDbDatabase.Version));

        Assert.Null(await store.ReadAsync(Key, default));
        var failure = await Assert.ThrowsAsync<TokenStoreConfigurationException>(
            () => store.CompareExchangeAsync(Key, "one", null, null, default).AsTask());

        Assert.Contains("SELECT, INSERT, UPDATE and DELETE", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("reader", failure.Message, StringComparison.Ordinal);
    }

    private static async Task<int> CountAsync(MariaDbDatabase database)
    {
        await using var context = database.CreateContext();
        return await context.Set<TokenSessionEntity>().CountAsync();
    }
}
