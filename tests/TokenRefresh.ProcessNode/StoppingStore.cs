using System;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.ProcessNode;

/// <summary>A store that stands still at one step and says so, until it is killed there or told to go on.</summary>
internal sealed class StoppingStore(ITokenStore store, string? step) : ITokenStore
{
    private int _stops;

    public ValueTask<TokenStoreAnswer> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => store.ReadAsync(key, cancellationToken);

    public async ValueTask<TokenStoreAnswer> BeginAsync(TokenSessionKey key, RefreshClaim claim, CancellationToken cancellationToken)
    {
        StopAt("asking");
        var answer = await store.BeginAsync(key, claim, cancellationToken).ConfigureAwait(false);
        StopAt("claimed");
        return answer;
    }

    public async ValueTask<TokenStoreAnswer> CommitAsync(TokenSessionKey key, string lineage, long version, ProtectedTokens tokens, CancellationToken cancellationToken)
    {
        StopAt("answered");
        var answer = await store.CommitAsync(key, lineage, version, tokens, cancellationToken).ConfigureAwait(false);
        StopAt("saved");
        return answer;
    }

    public ValueTask<TokenStoreAnswer> FailAsync(TokenSessionKey key, RefreshClaim claim, ClaimFailure failure, CancellationToken cancellationToken) =>
        store.FailAsync(key, claim, failure, cancellationToken);

    public ValueTask<TokenStoreAnswer> SignInAsync(TokenSessionKey key, string lineage, long newerThan, ProtectedTokens tokens, CancellationToken cancellationToken) =>
        store.SignInAsync(key, lineage, newerThan, tokens, cancellationToken);

    public ValueTask<TokenStoreAnswer> SignOutAsync(TokenSessionKey key, long newerThan, CancellationToken cancellationToken) =>
        store.SignOutAsync(key, newerThan, cancellationToken);

    public ValueTask WaitForChangeAsync(TokenSessionKey key, long version, TimeSpan atMost, CancellationToken cancellationToken) =>
        store.WaitForChangeAsync(key, version, atMost, cancellationToken);

    private void StopAt(string here)
    {
        if (here == step && Interlocked.Increment(ref _stops) == 1)
        {
            Console.WriteLine("stopped");
            Console.ReadLine();
        }
    }
}
