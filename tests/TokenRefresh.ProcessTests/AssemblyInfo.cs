using TokenRefresh.TestKit;

[assembly: AssemblyFixture(typeof(SharedServer<PostgresServer>))]
