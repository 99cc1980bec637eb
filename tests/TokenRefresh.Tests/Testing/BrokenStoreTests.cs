namespace TokenRefresh.Tests.Testing;

/// <summary>The contract finds a store that breaks a rule.</summary>
public sealed class BrokenStoreTests
{
    [Theory]
    [InlineData("Every write has a new revision also of the same text")]
    [InlineData("A revision is refused once it was replaced also if its text is back")]
    [InlineData("A revision is refused once its record has ended also if its text is back")]
    public Task A_store_whose_revision_is_a_hash_of_the_text_is_found(string rule) => AssertFoundAsync(new HashStore(), rule);

    [Fact]
    public Task A_store_that_calls_a_subscriber_after_its_end_is_found() =>
        AssertFoundAsync(new StickyStore(isDeaf: false), "A subscriber that has unsubscribed is not called again and the others are");

    [Theory]
    [InlineData("A subscriber is called after a write")]
    [InlineData("A subscriber that has unsubscribed is not called again and the others are")]
    public Task A_store_that_calls_no_subscriber_is_found(string rule) => AssertFoundAsync(new StickyStore(isDeaf: true), rule);

    private static async Task AssertFoundAsync(ITokenStore store, string rule)
    {
        Assert.Contains(rule, TokenStoreContract.Rules);
        var failure = await Assert.ThrowsAsync<TokenAssertionException>(() => new Contract(store).CheckAsync(rule));
        Assert.Contains(rule, failure.Message, StringComparison.Ordinal);
    }

    private sealed class Contract(ITokenStore store) : TokenStoreContract
    {
        protected override TimeSpan ShortTime => TimeSpan.FromMilliseconds(50);

        protected override ITokenStore Open() => store;

        protected override Task AdvanceTimeAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);
    }

    /// <summary>Its revision comes back with its text.</summary>
    private sealed class HashStore : ITokenStore
    {
        private readonly MemoryTokenStore _records = new();

        public async ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) =>
            Hashed(await _records.ReadAsync(key, cancellationToken));

        public async ValueTask<StoredRecord?> CompareExchangeAsync(
            TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
        {
            var stored = await _records.ReadAsync(key, cancellationToken);
            var expected = Hashed(stored)?.Revision == expectedRevision ? stored?.Revision : "another";
            return Hashed(await _records.CompareExchangeAsync(key, text, expected, keepFor, cancellationToken));
        }

        public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) => default;

        private static StoredRecord? Hashed(StoredRecord? stored) => stored is { } record ? record with { Revision = "hash of " + record.Text } : null;
    }

    /// <summary>Subscriptions never end, or never begin.</summary>
    private sealed class StickyStore(bool isDeaf) : ITokenStore, ITokenStoreNotifications
    {
        private readonly MemoryTokenStore _records = new();
        private readonly List<Action<string?>> _subscribers = [];

        public IDisposable Subscribe(TokenSessionKey key, Action<string?> changed)
        {
            if (!isDeaf)
            {
                _subscribers.Add(changed);
            }

            return new MemoryStream();
        }

        public ValueTask<StoredRecord?> ReadAsync(TokenSessionKey key, CancellationToken cancellationToken) => _records.ReadAsync(key, cancellationToken);

        public async ValueTask<StoredRecord?> CompareExchangeAsync(
            TokenSessionKey key, string text, string? expectedRevision, TimeSpan? keepFor, CancellationToken cancellationToken)
        {
            var stored = await _records.CompareExchangeAsync(key, text, expectedRevision, keepFor, cancellationToken);
            _subscribers.ForEach(changed => changed(null));
            return stored;
        }

        public ValueTask WaitForChangeAsync(TokenSessionKey key, string? revision, TimeSpan timeout, CancellationToken cancellationToken) => default;
    }
}
