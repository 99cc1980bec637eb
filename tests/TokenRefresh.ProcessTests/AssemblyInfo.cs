using TokenRefresh.ProcessTests;
using Xunit;

[assembly: AssemblyFixture(typeof(StartedPostgres))]
