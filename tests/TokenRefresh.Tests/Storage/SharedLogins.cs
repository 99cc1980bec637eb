using System.IO;
using System.Threading.Tasks;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Storage;

public sealed class SharedLoginInMemory : SharedLoginContract
{
    private readonly MemoryTokenStore _store = new();

    protected override ITokenStore Open(int process) => _store;
}

public sealed class SharedLoginInFiles : SharedLoginContract
{
    private readonly string _directory = TestDirectory.Create();

    public override ValueTask DisposeAsync()
    {
        Directory.Delete(_directory, recursive: true);
        return base.DisposeAsync();
    }

    protected override ITokenStore Open(int process) => new FileTokenStore(_directory);
}
