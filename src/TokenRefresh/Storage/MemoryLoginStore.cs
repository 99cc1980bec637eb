namespace TokenRefresh.Storage;

/// <summary>The login of a session without a store. The session's own snapshot is the record, and no other process can change it.</summary>
internal sealed class MemoryLoginStore(TimeProvider time) : LoginStore
{
    public override Task<LoginStoreResult> LoadAsync(HeldLogin held, CancellationToken cancellationToken) =>
        Result(held.State == LoginState.None ? LoginStatus.NotFound : LoginStatus.Succeeded, held.LoginId, held.Version);

    public override Task<LoginStoreResult> AcquireAsync(HeldLogin held, RefreshLease lease, CancellationToken cancellationToken) =>
        Result(LoginStatus.Succeeded, held.LoginId, held.Version);

    public override Task<LoginStoreResult> SaveAsync(HeldLogin start, TokenSet tokens) =>
        Result(LoginStatus.Succeeded, start.LoginId, start.Version + 1);

    public override Task<LoginStoreResult> EndAsync(HeldLogin start, RefreshLease lease, ReLoginReason reason, string? error) =>
        Task.FromResult(new LoginStoreResult(LoginStatus.LoginEnded, LoginRecordFactory.Ended(start, reason, error)));

    public override Task ReleaseAsync(HeldLogin start, RefreshLease lease, LeaseRelease release) => Task.CompletedTask;

    public override Task<LoginStoreResult> SignInAsync(
        string loginId, long knownVersion, TokenSet tokens, CancellationToken cancellationToken)
    {
        var version = NextVersion(knownVersion);
        return Task.FromResult(new LoginStoreResult(LoginStatus.Succeeded, new LoginRecord { LoginId = loginId, Version = version })
        {
            Tokens = LoginPeriod.Join(tokens, knownVersion, replaced: null, _ => null, version),
        });
    }

    public override Task<LoginStoreResult> SignOutAsync(long knownVersion, CancellationToken cancellationToken) =>
        Result(LoginStatus.Succeeded, "", NextVersion(knownVersion));

    public override Task WaitForChangeAsync(LoginStoreResult leased, CancellationToken cancellationToken) => Task.CompletedTask;

    // As with a store, the version is higher than that of a sign-out whose session was removed from memory.
    private long NextVersion(long knownVersion) => LoginRules.NextVersion(stored: null, knownVersion, time.GetUtcNow());

    private static Task<LoginStoreResult> Result(LoginStatus status, string loginId, long version) =>
        Task.FromResult(new LoginStoreResult(status, new LoginRecord { LoginId = loginId, Version = version }));
}
