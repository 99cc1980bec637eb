using System.Threading.Tasks;
using TokenRefresh.EntityFrameworkCore.Tests;

namespace TokenRefresh.EntityFrameworkCore8.Tests;

/// <summary>The rows of a real MariaDB.</summary>
public sealed class MariaDbRowTests(MariaDbFixture server) : RowTests
{
    protected override string Clock => "UTC_TIMESTAMP(6)";

    private protected override async Task<TestDatabase> CreateAsync() => await server.CreateAsync();
}
