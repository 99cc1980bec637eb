using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Coyote.Specifications;
using TokenRefresh.Storage;

namespace TokenRefresh.Schedules;

/// <summary>A store that takes its time, may fail to save, and watches its versions.</summary>
internal sealed class WatchedStore(TimeProvider time) : ITokenStore
{
    private MemoryTokenStore _inner = new MemoryTokenStore(time);
    private readonly HashSet<string> _saved = [];
    private long _version;

    /// <summary>How many saves fail from now on.</summary>
    public int FailingSaves { get; set; }

    /// <summary>Whether a failing save has reached the store all the same.</summary>
    public bool FailsAfterSaving { get; set; }

    public void LoseAll()
    {
        _inner = new MemoryTokenStore(time);
        _version = 0;
    }

    public bool HasSaved(string accessToken) => _saved.Contains(accessToken);

    public async ValueTask<TokenStoreAnswer> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken)
    {
        await Task.Yield();
        return await _inner.ReadAsync(key, cancellationToken);
    }

    public async ValueTask<TokenStoreAnswer> BeginAsync(TokenSessionKey key, RefreshClaim claim, CancellationToken cancellationToken)
    {
        await Task.Yield();
        return await _inner.BeginAsync(key, claim, cancellationToken);
    }

    public async ValueTask<TokenStoreAnswer> CommitAsync(
        TokenSessionKey key, string lineage, long version, ProtectedTokens tokens, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var isFailing = FailingSaves-- > 0;
        if (isFailing && !FailsAfterSaving)
        {
            throw new IOException("The disk is full.");
        }

        var answer = Seen(await _inner.CommitAsync(key, lineage, version, tokens, cancellationToken), tokens, key);
        await Task.Yield();
        return isFailing ? throw new IOException("The answer was lost.") : answer;
    }

    public async ValueTask<TokenStoreAnswer> FailAsync(TokenSessionKey key, RefreshClaim claim, ClaimFailure failure, CancellationToken cancellationToken)
    {
        await Task.Yield();
        return await _inner.FailAsync(key, claim, failure, cancellationToken);
    }

    public async ValueTask<TokenStoreAnswer> SignInAsync(
        TokenSessionKey key, string lineage, long newerThan, ProtectedTokens tokens, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var answer = Seen(await _inner.SignInAsync(key, lineage, newerThan, tokens, cancellationToken), tokens, key);
        await Task.Yield();
        return answer;
    }

    public async ValueTask<TokenStoreAnswer> SignOutAsync(TokenSessionKey key, long newerThan, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var answer = await _inner.SignOutAsync(key, newerThan, cancellationToken);
        await Task.Yield();
        return answer;
    }

    public ValueTask WaitForChangeAsync(TokenSessionKey key, long version, TimeSpan atMost, CancellationToken cancellationToken) =>
        _inner.WaitForChangeAsync(key, version, atMost, cancellationToken);

    private TokenStoreAnswer Seen(TokenStoreAnswer answer, ProtectedTokens tokens, TokenSessionKey key)
    {
        if (answer.Verdict == TokenStoreVerdict.Accepted)
        {
            Specification.Assert(answer.Version > _version, "The store's version went back.");
            _version = answer.Version;
            _saved.Add(tokens.Open(new TokenCodec(key, protector: null)).AccessToken!);
        }

        return answer;
    }
}
