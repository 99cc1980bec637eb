using TokenRefresh.ServerTests;
using TokenRefresh.ServerTests.Django;
using TokenRefresh.TestKit;
using TokenRefresh.Testing;
using Xunit.Sdk;
using Xunit.v3;

// The servers count for themselves, and two cores are two cores: one case at a time is quicker than all at once.
[assembly: Parallelization(Mode = ParallelMode.None)]

// C42: no token of a real server is in anything the library says.
[assembly: AssemblyFixture(typeof(Canary))]

// A server takes a second to start: there is one for each setup.
[assembly: AssemblyFixture(typeof(RealServers))]
[assembly: AssemblyFixture(typeof(DjangoServers))]
