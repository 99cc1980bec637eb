namespace TokenRefresh.Diagnostics;

/// <summary>The sessions of one name, for the metric of their states.</summary>
internal interface IObservedSessions
{
    string Name { get; }

    /// <summary>The state of each session in memory. Empty after the disposal.</summary>
    IEnumerable<TokenSessionState> States { get; }
}
