using System.Threading.Tasks;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>The rows of a real PostgreSQL.</summary>
public sealed class PostgresRowTests(PostgresFixture server) : RowTests
{
    protected override string Clock => "now()";

    private protected override async Task<TestDatabase> CreateAsync() => await server.CreateAsync();
}
