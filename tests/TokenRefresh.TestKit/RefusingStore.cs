using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.TestKit;

/// <summary>A store that refuses one kind of write, or every wait.</summary>
/// <param name="store">The real one; one in memory, if <see langword="null"/>.</param>
public sealed class RefusingStore(ITokenStore? store = null) : StoreAround(store)
{
    /// <summary>The kind of write that fails before it reaches the real store.</summary>
    public StoreWriteKind? Refused { get; set; }

    /// <summary>Whether waits for a change fail.</summary>
    public bool RefusesWaits { get; set; }

    public override ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        RefusesWaits ? throw new IOException("The connection is gone.") : base.WaitForChangeAsync(key, revision, timeout, cancellationToken);

    protected override ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken) =>
        write.Kind == Refused ? throw new IOException("The disk is full.") : base.WriteAsync(write, cancellationToken);
}
