using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Storage;

public sealed class SharedLoginInMemory : SharedLoginContract
{
    private readonly MemoryTokenStore _store = new();

    protected override ITokenStore Open(int process) => _store;
}

public sealed class SharedLoginInFiles : SharedLoginContract
{
    private readonly string _directory = TestDirectory.Create();

    public override async ValueTask DisposeAsync()
    {
        // The store's clean-up runs in the background, and may create a lock file meanwhile.
        await TestDirectory.DeleteAsync(_directory);
        await base.DisposeAsync();
    }

    protected override ITokenStore Open(int process) => new FileTokenStore(_directory);
}
