namespace TokenRefresh.Storage;

/// <summary>
/// The login in an <see cref="ITokenStore"/>. It reads and writes the record, and decides by <see cref="LoginRules"/>. There is no
/// protector if the store encrypts the tokens or keeps them in memory.
/// </summary>
internal sealed class SharedLoginStore(
    ITokenStore store, TokenSessionKey key, ITokenProtector? protector, TimeProvider time, RecordWatch watch)
    : LoginStore
{
    // The server has issued new tokens, so the flight's deadline doesn't limit the save.
    private static readonly TimeSpan SaveTimeout = TimeSpan.FromSeconds(5);

    // How long other processes have to write back a newer version into a store that lost it.
    private static readonly TimeSpan WriteBackPause = TimeSpan.FromSeconds(1);

    // How long another process has, after an outage, to save the tokens that it couldn't save during it. It tries each second.
    private static readonly TimeSpan OutageGrace = TimeSpan.FromSeconds(3);

    // A write is refused if another process wrote in between. So many refusals in a row mean that the store is faulty.
    private const int MaxWrites = 100;

    private readonly StoreCalls _calls = new(store, key, watch);
    private readonly LoginRecordFactory _records = new(key, protector, time);

    public override Task<LoginStoreResult> LoadAsync(HeldLogin held, CancellationToken cancellationToken) => StoreCalls.GuardAsync(
        () => ReadAndWriteAsync((record, _) => LoginRules.Load(record, held, () => _records.Of(held)), cancellationToken),
        cancellationToken);

    public override Task<LoginStoreResult> AcquireAsync(HeldLogin held, RefreshLease lease, CancellationToken cancellationToken) =>
        StoreCalls.GuardAsync(
            () => store is ITokenStoreLock locks
                ? AcquireUnderLockAsync(locks, held, lease, cancellationToken)
                : AcquireAsync(held, lease, StoreLock.None, cancellationToken),
            cancellationToken);

    public override Task<LoginStoreResult> SaveAsync(HeldLogin start, TokenSet tokens) => WithTimeoutAsync(async cancellationToken =>
    {
        var next = _records.New(start.LoginId, start.Version + 1, tokens);
        var (stored, isSaved) = await ExchangeOrReadAsync(next, start.Revision, cancellationToken).ConfigureAwait(false);
        if (isSaved)
        {
            return Result(new LoginDecision(LoginStatus.Succeeded, next), stored);
        }

        var result = await WriteAsync(stored, (record, _) => LoginRules.Save(record, start, next), cancellationToken).ConfigureAwait(false);
        return IsSavedAlready(result, next, tokens) ? result with { Status = LoginStatus.Succeeded } : result;
    });

    public override Task<LoginStoreResult> EndAsync(HeldLogin start, RefreshLease lease, ReLoginReason reason, string? error) =>
        WithTimeoutAsync(cancellationToken => ReadAndWriteAsync(
            (record, stored) => LoginRules.End(
                record, AgeOf(record, stored), start, lease, LoginRecordFactory.Ended(start, reason, error)),
            cancellationToken));

    public override Task ReleaseAsync(HeldLogin start, RefreshLease lease, LeaseRelease release) =>
        WithTimeoutAsync(cancellationToken => ReadAndWriteAsync(
            (record, stored) => new LoginDecision(
                LoginStatus.Succeeded, LoginRules.Release(record, stored?.Age ?? TimeSpan.Zero, start, lease, release)),
            cancellationToken));

    public override Task<LoginStoreResult> SignInAsync(
        string loginId, long knownVersion, TokenSet tokens, CancellationToken cancellationToken) => StoreCalls.GuardAsync(
        () => ReplaceAsync(
            knownVersion,
            (replaced, version) =>
            {
                var saved = LoginPeriod.Join(tokens, knownVersion, replaced, _records.TryRead, version);
                return (_records.New(loginId, version, saved), saved);
            },
            cancellationToken),
        cancellationToken);

    public override Task<LoginStoreResult> SignOutAsync(long knownVersion, CancellationToken cancellationToken) => StoreCalls.GuardAsync(
        () => ReplaceAsync(knownVersion, (_, version) => (LoginRecordFactory.SignedOut(version), null), cancellationToken),
        cancellationToken);

    public override Task WaitForChangeAsync(LoginStoreResult leased, CancellationToken cancellationToken) => StoreCalls.GuardAsync(
        async () =>
        {
            await _calls.WaitForChangeAsync(leased, watch.CountWait(key, leased.Revision), cancellationToken).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    private async Task<LoginStoreResult> AcquireUnderLockAsync(
        ITokenStoreLock locks, HeldLogin held, RefreshLease lease, CancellationToken cancellationToken)
    {
        var storeLock = await _calls.TryLockAsync(locks, cancellationToken).ConfigureAwait(false);
        try
        {
            var state = storeLock is null ? StoreLock.Busy : StoreLock.Held;
            var result = await AcquireAsync(held, lease, state, cancellationToken).ConfigureAwait(false);
            if (result.Status == LoginStatus.Succeeded)
            {
                result = result with { Lock = storeLock };
                storeLock = null;
            }

            return result;
        }
        finally
        {
            storeLock?.Dispose();
        }
    }

    private async Task<LoginStoreResult> AcquireAsync(
        HeldLogin held, RefreshLease lease, StoreLock storeLock, CancellationToken cancellationToken)
    {
        // Encrypts once, so that a missing key fails before the refresh token is used.
        var own = held.State == LoginState.None ? LoginRecord.Vacant : _records.Of(held);
        var leased = own with { Lease = lease };
        var revision = storeLock == StoreLock.Busy ? null : held.Revision;
        var (stored, isLeased) = await ExchangeOrReadAsync(leased, revision, cancellationToken).ConfigureAwait(false);
        if (isLeased)
        {
            return Result(new LoginDecision(LoginStatus.Succeeded, leased), stored);
        }

        while (true)
        {
            var result = await WriteAsync(
                stored,
                (record, seen) => LoginRules.Acquire(record, held, lease, Terms(record, seen, storeLock), () => own),
                cancellationToken).ConfigureAwait(false);
            if (result.Status == LoginStatus.Newer && result.Version == held.Version && held.Tokens?.HasSameTokensAs(result.Tokens) == true)
            {
                // The login id or the hash isn't that of the tokens. The record would be adopted again and again.
                throw TokenStoreConfigurationException.Because("inconsistent record");
            }

            if (result.Status != LoginStatus.Succeeded || result.Record.Lease is not null)
            {
                return Settled(result);
            }

            // The record was written back into a store that had lost it. Another process may do the same with a newer version.
            await time.Delay(WriteBackPause, cancellationToken).ConfigureAwait(false);
            stored = await _calls.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Replaces any record, also one that can't be read. So a sign-in and a sign-out always succeed.</summary>
    private async Task<LoginStoreResult> ReplaceAsync(
        long knownVersion,
        Func<LoginRecord?, long, (LoginRecord Record, TokenSet? Tokens)> createNext,
        CancellationToken cancellationToken)
    {
        StoredRecord? stored = null;
        for (var writes = 0; writes < MaxWrites; writes++)
        {
            var replaced = stored is { } found ? LoginRecordText.TryRead(found.Text) : null;
            var replacesLogin = stored is not null && replaced?.State is null or LoginState.SignedIn or LoginState.Ended;
            var (next, tokens) = createNext(replaced, LoginRules.NextVersion(replaced, knownVersion, time.GetUtcNow()));
            (stored, var isWritten) = await _calls.ExchangeOrFindAsync(next, stored?.Revision, cancellationToken).ConfigureAwait(false);
            if (isWritten)
            {
                var result = Settled(Result(new LoginDecision(LoginStatus.Succeeded, next), stored));
                return result with { Tokens = tokens!, Replaced = _records.TryRead(replaced), ReplacedLogin = replacesLogin };
            }
        }

        throw TooManyWrites();
    }

    /// <summary>Writes a record over the one of this revision; without a revision it only reads.</summary>
    private async Task<(StoredRecord? Stored, bool IsWritten)> ExchangeOrReadAsync(
        LoginRecord next, string? revision, CancellationToken cancellationToken) => revision is null
            ? (await _calls.ReadAsync(cancellationToken).ConfigureAwait(false), false)
            : await _calls.ExchangeAsync(next, revision, cancellationToken).ConfigureAwait(false);

    private async Task<LoginStoreResult> ReadAndWriteAsync(
        Func<LoginRecord?, StoredRecord?, LoginDecision> decide, CancellationToken cancellationToken) => await WriteAsync(
            await _calls.ReadAsync(cancellationToken).ConfigureAwait(false), decide, cancellationToken).ConfigureAwait(false);

    /// <summary>Writes the record that the rules decide on. If another process has written in between, it decides again.</summary>
    private async Task<LoginStoreResult> WriteAsync(
        StoredRecord? stored, Func<LoginRecord?, StoredRecord?, LoginDecision> decide, CancellationToken cancellationToken)
    {
        for (var writes = 0; writes < MaxWrites; writes++)
        {
            var record = stored is { } found ? LoginRecordText.Read(found.Text) : null;
            var decision = decide(record, stored);
            if (decision.Write is not { } next)
            {
                return Result(decision, stored, record);
            }

            (stored, var isWritten) = await _calls.ExchangeAsync(next, stored?.Revision, cancellationToken).ConfigureAwait(false);
            if (isWritten)
            {
                return Result(decision, stored);
            }
        }

        throw TooManyWrites();
    }

    private async Task<LoginStoreResult> WithTimeoutAsync(Func<CancellationToken, Task<LoginStoreResult>> operation)
    {
        using var timeout = time.CreateTimeout(SaveTimeout);
        return await StoreCalls.GuardAsync(() => operation(timeout.Token), timeout.Token).ConfigureAwait(false);
    }

    /// <returns>The record's age: the store's, or how long this process has seen it unchanged while it waits.</returns>
    private TimeSpan AgeOf(LoginRecord? record, StoredRecord? stored) =>
        stored is not { } seen ? TimeSpan.Zero : record is { IsWaitedFor: true } ? watch.Observe(key, seen) : seen.Age;

    private LeaseTerms Terms(LoginRecord? record, StoredRecord? stored, StoreLock storeLock) => new(
        AgeOf(record, stored),
        storeLock,
        watch.SinceOutage is { } since && since < OutageGrace ? OutageGrace - since : TimeSpan.Zero);

    /// <summary>The result of a decision, with the record that it wrote or found.</summary>
    /// <exception cref="TokenStoreConfigurationException">The tokens of a newer record can't be read.</exception>
    private LoginStoreResult Result(LoginDecision decision, StoredRecord? stored, LoginRecord? found = null)
    {
        var record = decision.Write ?? found ?? LoginRecord.Vacant;
        var mustBeRead = decision.Status is LoginStatus.Newer or LoginStatus.Succeeded
            && record is { State: LoginState.SignedIn, IsFree: false }
            && decision.Write?.Lease is null;
        var result = new LoginStoreResult(decision.Status, record)
        {
            Age = record.TokensAge + (stored?.Age ?? TimeSpan.Zero),
            Revision = mustBeRead ? null : stored?.Revision,
            Delay = decision.Delay,
        };
        return decision.Status == LoginStatus.Newer ? result with { Tokens = _records.Read(record) } : result;
    }

    private LoginStoreResult Settled(LoginStoreResult result)
    {
        if (result.Status is not (LoginStatus.Leased or LoginStatus.RetryLater))
        {
            watch.Forget(key);
        }

        return result;
    }

    private InvalidOperationException TooManyWrites() =>
        new($"{store.GetType().Name} has refused {MaxWrites} writes in a row, each because the record had changed.");

    // An earlier attempt had saved the tokens, and its answer was lost.
    private static bool IsSavedAlready(LoginStoreResult result, LoginRecord next, TokenSet tokens) =>
        result.Status == LoginStatus.Newer
        && (result.LoginId, result.Version, result.Record.TokenHash) == (next.LoginId, next.Version, next.TokenHash)
        && result.Tokens.AccessToken == tokens.AccessToken;
}
