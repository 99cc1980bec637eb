using System.Reflection;

namespace TokenRefresh.Testing;

/// <summary>The rules for one check. Every public method is a rule, and its name is the rule's sentence.</summary>
internal sealed partial class TokenStoreRules(TokenStoreContract contract)
{
    public static IReadOnlyList<MethodInfo> All { get; } =
        [.. typeof(TokenStoreRules).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)];

    // Every rule ends before this time is over.
    private static readonly TimeSpan LongTime = TimeSpan.FromMinutes(1);

    private TokenSessionKey Key { get; } = new("contract-" + Guid.NewGuid().ToString("N"), "user@example.com");

    private ITokenStore Store { get; } = contract.Open();

    // The store as another process uses it.
    private ITokenStore Other { get; } = contract.Open();

    private TimeSpan ShortTime => contract.ShortTime;

    private async Task<StoredRecord> WriteAsync(string text, string? expectedRevision = null, TimeSpan? keepFor = null)
    {
        var written = await Store.CompareExchangeAsync(Key, text, expectedRevision, keepFor, default);
        Check.Equal(text, written?.Text);
        return written!.Value;
    }

    /// <summary>
    /// Writes after the time of a record is over. A store may keep it for longer, and remove it between the read and the write.
    /// </summary>
    private async Task<StoredRecord> WriteOverEndedAsync(string text)
    {
        var left = await ReadAsync();
        var written = await Store.CompareExchangeAsync(Key, text, left?.Revision, null, default) ?? await WriteAsync(text);
        Check.Equal(text, written.Text);
        return written;
    }

    private Task<StoredRecord?> ReadAsync() => Other.ReadAsync(Key, default).AsTask();

    /// <summary>Writes fifty different texts at once, half of them by another process.</summary>
    private async Task<string> WriteFiftyAsync(string? expectedRevision)
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(number => Task.Run(async () =>
        {
            var store = number % 2 == 0 ? Store : Other;
            var text = "text-" + number;
            return (Text: text, Stored: await store.CompareExchangeAsync(Key, text, expectedRevision, null, default));
        })));
        Check.Equal(1, results.Count(result => result.Stored?.Text == result.Text));
        return results.Single(result => result.Stored?.Text == result.Text).Text;
    }
}
