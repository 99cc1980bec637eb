using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Support;

/// <summary>A store whose reads wait for a gate, as long as there is one.</summary>
internal sealed class GatedReads(ITokenStore store) : StoreAround(store)
{
    public Gate? Gate { get; set; }

    public override async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        if (Gate is { } gate)
        {
            await gate.PassAsync(cancellationToken);
        }

        return await base.ReadAsync(key, cancellationToken);
    }
}
