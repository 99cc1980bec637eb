using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Support;

/// <summary>A store that writes a sign-out when its gate opens.</summary>
internal sealed class SlowSignOuts(ITokenStore? inner = null) : StoreAround(inner)
{
    public Gate SignOuts { get; } = new();

    protected override async ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
    {
        if (write.Kind == StoreWriteKind.SignOut)
        {
            await SignOuts.PassAsync(cancellationToken);
        }

        return await base.WriteAsync(write, cancellationToken);
    }
}
