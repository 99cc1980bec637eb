using TokenRefresh.TestKit;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedServer<PostgresServer>))]
