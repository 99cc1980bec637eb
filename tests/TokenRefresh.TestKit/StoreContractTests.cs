using TokenRefresh.Testing;

namespace TokenRefresh.TestKit;

/// <summary>The published store contract, a test per rule.</summary>
public abstract class StoreContractTests : TokenStoreContract, IAsyncLifetime
{
    public static TheoryData<string> AllRules => [.. Rules];

    /// <summary>Starts what the store needs, before it is opened.</summary>
    public virtual ValueTask InitializeAsync() => default;

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return default;
    }

    [Theory]
    [MemberData(nameof(AllRules))]
    public Task A_store_keeps_the_rule(string rule) => CheckAsync(rule);
}
