using TokenRefresh.EntityFrameworkCore.Tests;

namespace TokenRefresh.EntityFrameworkCore8.Tests;

public sealed class MariaDbContract(MariaDbFixture server) : DatabaseContract(server);

public sealed class SharedLoginInMariaDb(MariaDbFixture server) : SharedLoginInDatabase(server);

public sealed class MariaDbRowTests(MariaDbFixture server) : RowTests(server, clock: "UTC_TIMESTAMP(6)");
