using System;
using System.Collections.Generic;
using System.Reflection;
using System.Threading.Tasks;

namespace TokenRefresh.Testing;

/// <summary>One check of one rule: every public method is a rule, its name the sentence.</summary>
internal sealed partial class TokenStoreRules(TokenStoreContract contract)
{
    public static IReadOnlyList<MethodInfo> All { get; } =
        [.. typeof(TokenStoreRules).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)];

    // A lease that no rule lives to see the end of.
    private static readonly TimeSpan LongLease = TimeSpan.FromMinutes(1);

    private TokenSessionKey Key { get; } = new("contract-" + Guid.NewGuid().ToString("N"), "user@example.com");

    private ITokenStore Store { get; } = contract.Open();

    // The store as another process has it.
    private ITokenStore Other { get; } = contract.Open();

    private TimeSpan ShortLease => contract.ShortLease;

    private static ProtectedTokens Tokens(string value) => new(value);

    private Task<TokenStoreAnswer> BeginAsync(ITokenStore store, string lineage, long version, string? owner = null, TimeSpan? lease = null) =>
        store.BeginAsync(Key, new RefreshClaim(lineage, version, owner ?? Guid.NewGuid().ToString("N"), lease ?? LongLease), default).AsTask();

    private Task<TokenStoreAnswer> CommitAsync(ITokenStore store, string lineage, long version, string tokens) =>
        store.CommitAsync(Key, lineage, version, Tokens(tokens), default).AsTask();

    private Task<TokenStoreAnswer> FailAsync(ITokenStore store, string lineage, long version, string owner, ClaimFailure failure) =>
        store.FailAsync(Key, new RefreshClaim(lineage, version, owner, LongLease), failure, default).AsTask();

    private async Task DieAsync()
    {
        await Store.SignInAsync(Key, "a", 0, Tokens("one"), default);
        await BeginAsync(Store, "a", 1, "owner");
        var answer = await FailAsync(Store, "a", 1, "owner", new ClaimFailure { Dead = ReLoginReason.InteractionRequired, Error = "login_required" });
        Check.Equal(TokenStoreVerdict.Accepted, answer.Verdict);
    }

    private async Task<(TokenStoreVerdict Verdict, string? Tokens)> VerdictAndTokensAsync()
    {
        var read = await Other.ReadAsync(Key, default);
        return (read.Verdict, read.Tokens?.Value);
    }
}
