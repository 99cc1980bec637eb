using Microsoft.EntityFrameworkCore;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>What a database refuses for now is named by its code, and by nothing of its message.</summary>
[Trait("Case", "S13")]
public sealed class FailureCauseTests(PostgresFixture server)
{
    [Theory]
    [InlineData("Options=-c default_transaction_read_only=on", "PostgresException, SQL state 25006")]
    [InlineData("Database=secret-name", "PostgresException, SQL state 3D000")]
    [InlineData("Username=secret-name", "PostgresException, SQL state 28000")]
    [InlineData("Port=1;Timeout=5", "NpgsqlException")]
    public async Task A_failure_names_the_database_and_its_code(string settings, string cause)
    {
        await using var database = await server.CreateAsync();
        await using var app = database.CreateApp(options => options.UseNpgsql($"{database.Connection};{settings}"));

        await Outage.CheckNamesCauseAsync(app, cause);
    }
}
