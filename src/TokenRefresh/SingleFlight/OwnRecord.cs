using System;
using System.Threading;
using System.Threading.Tasks;
using TokenRefresh.Storage;

namespace TokenRefresh.SingleFlight;

/// <summary>
/// The record of a session that has no store: its own generation, seen as a store's record. Nothing is kept twice: what an operation would
/// change here is what the session publishes next, or doesn't, if something else was published first.
/// </summary>
internal sealed class OwnRecord(TokenSession session) : ITokenStore
{
    public ValueTask<TokenStoreAnswer> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => Answer(TokenRecord.Read(Record(key), Now));

    public ValueTask<TokenStoreAnswer> BeginAsync(TokenSessionKey key, RefreshClaim claim, CancellationToken cancellationToken) =>
        Answer(TokenRecord.Begin(Record(key), claim, Now));

    public ValueTask<TokenStoreAnswer> CommitAsync(
        TokenSessionKey key, string lineage, long version, ProtectedTokens tokens, CancellationToken cancellationToken) =>
        Answer(TokenRecord.Commit(Record(key), lineage, version, tokens, Now));

    // Nobody else can have a claim: the session lets one flight work on a generation.
    public ValueTask<TokenStoreAnswer> FailAsync(TokenSessionKey key, RefreshClaim claim, ClaimFailure failure, CancellationToken cancellationToken) =>
        Answer(TokenRecord.Fail(Record(key) with { LastAttempt = new TokenRecord.Attempt(claim.Owner, default, default, false) }, claim, failure, Now));

    public ValueTask<TokenStoreAnswer> SignInAsync(
        TokenSessionKey key, string lineage, long newerThan, ProtectedTokens tokens, CancellationToken cancellationToken) =>
        Answer(TokenRecord.SignIn(Record(key), lineage, newerThan, tokens, Now));

    public ValueTask<TokenStoreAnswer> SignOutAsync(TokenSessionKey key, long newerThan, CancellationToken cancellationToken) =>
        Answer(TokenRecord.SignOut(Record(key), newerThan, Now));

    public ValueTask WaitForChangeAsync(TokenSessionKey key, long version, TimeSpan atMost, CancellationToken cancellationToken) => default;

    private DateTimeOffset Now => session.Services.Time.GetUtcNow();

    private TokenRecord Record(TokenSessionKey key)
    {
        var current = session.Current;
        var record = new TokenRecord { Lineage = current.Lineage, Version = current.Version };
        return current.State switch
        {
            TokenSessionState.SignedIn => record with { Tokens = new ProtectedTokens(current.Tokens!, new TokenCodec(key, protector: null)) },
            TokenSessionState.ReLoginRequired => record with { End = new TokenRecord.Ending(SignedOut: false, current.Reason, current.Error) },
            _ => record with { End = new TokenRecord.Ending(SignedOut: true, default, null) },
        };
    }

    private static ValueTask<TokenStoreAnswer> Answer(TokenRecord.Transition transition) => new(transition.Answer);
}
