namespace TokenRefresh.EntityFrameworkCore.Tests;

public sealed class SqliteContract() : DatabaseContract(new SqliteFiles());

public sealed class SharedLoginInSqlite() : SharedLoginInDatabase(new SqliteFiles());

public sealed class SqliteRowTests() : RowTests(new SqliteFiles(), clock: "'now'");
