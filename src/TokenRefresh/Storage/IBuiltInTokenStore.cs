namespace TokenRefresh.Storage;

/// <summary>Marks a store of this library. Such a store never blocks its caller's thread before its first await.</summary>
internal interface IBuiltInTokenStore
{
    /// <summary>Whether the tokens stay in this process's memory.</summary>
    bool IsInMemory { get; }
}
