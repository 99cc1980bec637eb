namespace TokenRefresh.Storage;

/// <summary>Marks the stores of this library's packages: they never block their caller's thread.</summary>
internal interface IBuiltInTokenStore
{
    /// <summary>Whether the tokens stay in this process's memory.</summary>
    bool IsInMemory { get; }
}
