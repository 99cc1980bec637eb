using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.TestKit;

/// <summary>A store whose operations fail on demand, before they reach the real one.</summary>
/// <param name="store">The real one; one in memory, if <see langword="null"/>.</param>
public sealed class FailingStore(ITokenStore? store = null) : StoreAround(store)
{
    /// <summary>No refresh can be begun.</summary>
    public bool BeginsFail { get; set; }

    /// <summary>Nothing can be saved.</summary>
    public bool CommitsFail { get; set; }

    /// <summary>Nothing can be reached.</summary>
    public bool IsAway { get; set; }

    /// <summary>Where every attempt to save passes by. It holds nobody.</summary>
    public Gate Commits { get; } = new();

    protected override ITokenStore Inner => IsAway ? throw new IOException("The store is away.") : base.Inner;

    public override ValueTask<TokenStoreAnswer> BeginAsync(TokenSessionKey key, RefreshClaim claim, CancellationToken cancellationToken) =>
        BeginsFail ? throw new IOException("The disk is gone.") : base.BeginAsync(key, claim, cancellationToken);

    public override ValueTask<TokenStoreAnswer> CommitAsync(
        TokenSessionKey key, string lineage, long version, ProtectedTokens tokens, CancellationToken cancellationToken)
    {
        _ = Commits.PassAsync(CancellationToken.None);
        return CommitsFail ? throw new IOException("The disk is full.") : base.CommitAsync(key, lineage, version, tokens, cancellationToken);
    }
}
