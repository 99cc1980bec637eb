using System;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Storage;

namespace TokenRefresh.ProcessNode;

/// <summary>A store that stops at one step and says so, until the process is killed there or continues.</summary>
internal sealed class StoppingStore(ITokenStore store, string? step) : ITokenStore
{
    private int _stops;

    public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => store.ReadAsync(key, cancellationToken);

    public async ValueTask<StoredRecord?> CompareExchangeAsync(
        TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
    {
        var isLease = LoginRecordText.Read(text).Lease is not null;
        StopAt(isLease ? "asking" : "answered");
        var stored = await store.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken).ConfigureAwait(false);
        StopAt(isLease ? "claimed" : "saved");
        return stored;
    }

    public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) =>
        store.WaitForChangeAsync(key, revision, timeout, cancellationToken);

    private void StopAt(string here)
    {
        if (here == step && Interlocked.Increment(ref _stops) == 1)
        {
            Console.WriteLine("stopped");
            Console.ReadLine();
        }
    }
}
