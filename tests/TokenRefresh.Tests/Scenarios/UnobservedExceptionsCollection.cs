namespace TokenRefresh.Tests.Scenarios;

/// <summary>Tests that count exceptions of the whole process: no other test runs at the same time.</summary>
[CollectionDefinition("Unobserved exceptions", DisableParallelization = true)]
public sealed class UnobservedExceptionsCollection;
