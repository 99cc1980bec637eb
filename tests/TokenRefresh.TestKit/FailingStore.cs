namespace TokenRefresh.TestKit;

/// <summary>A store whose operations fail on demand, before they reach the real one.</summary>
/// <param name="store">The real one; one in memory, if <see langword="null"/>.</param>
public sealed class FailingStore(ITokenStore? store = null) : StoreAround(store)
{
    /// <summary>The kind of write that fails.</summary>
    public StoreWriteKind? Refused { get; set; }

    /// <summary>Nothing can be saved.</summary>
    public bool SavesFail { get; set; }

    /// <summary>So many of the next saves fail.</summary>
    public int FailingSaves { get; set; }

    /// <summary>Waits for a change fail, and nothing else does.</summary>
    public bool WaitsFail { get; set; }

    /// <summary>The store goes away while it is waited for a change.</summary>
    public bool FailsAtWaits { get; set; }

    /// <summary>Nothing can be reached.</summary>
    public bool IsAway { get; set; }

    /// <summary>Counts the attempts to save. None of them waits.</summary>
    public Gate Saves { get; } = new();

    /// <summary>Counts the waits for a change. None of them waits longer because of it.</summary>
    public Gate Waits { get; } = new();

    protected override ITokenStore Inner => IsAway ? throw new IOException("The store is away.") : base.Inner;

    public override ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken)
    {
        IsAway |= FailsAtWaits;
        _ = Waits.PassAsync(CancellationToken.None);
        return WaitsFail ? throw new IOException("The connection is gone.") : base.WaitForChangeAsync(key, revision, timeout, cancellationToken);
    }

    protected override ValueTask<StoredRecord?> WriteAsync(StoreWrite write, CancellationToken cancellationToken)
    {
        if (write.Kind == Refused)
        {
            throw new IOException("The disk is full.");
        }

        if (write.Kind != StoreWriteKind.Save)
        {
            return base.WriteAsync(write, cancellationToken);
        }

        _ = Saves.PassAsync(CancellationToken.None);
        if (FailingSaves > 0)
        {
            FailingSaves--;
            throw new IOException("The disk is full.");
        }

        return SavesFail ? throw new IOException("The disk is full.") : base.WriteAsync(write, cancellationToken);
    }
}
