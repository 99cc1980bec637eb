namespace TokenRefresh.Tests.Costs;

/// <summary>Measures alone: nothing else runs meanwhile.</summary>
[CollectionDefinition("Costs", DisableParallelization = true)]
public sealed class CostsCollection;
