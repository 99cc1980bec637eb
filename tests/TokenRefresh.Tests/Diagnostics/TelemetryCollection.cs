namespace TokenRefresh.Tests.Diagnostics;

/// <summary>Listens to what the whole process reports: nothing else runs meanwhile.</summary>
[CollectionDefinition("Telemetry", DisableParallelization = true)]
public sealed class TelemetryCollection;
