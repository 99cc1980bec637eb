using TokenRefresh.TestKit;

[assembly: AssemblyFixture(typeof(Canary))]
