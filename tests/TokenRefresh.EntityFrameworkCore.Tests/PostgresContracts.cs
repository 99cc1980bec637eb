namespace TokenRefresh.EntityFrameworkCore.Tests;

public sealed class PostgresContract(PostgresFixture server) : DatabaseContract(server);

public sealed class SharedLoginInPostgres(PostgresFixture server) : SharedLoginInDatabase(server);

public sealed class PostgresRowTests(PostgresFixture server) : RowTests(server, clock: "now()");
