using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage;

/// <summary>A process that shares a login, as far as its store is concerned: it holds what it knows, as a session does.</summary>
internal sealed class LoginProcess
{
    private static int _number;

    private readonly SharedLoginStore _logins;
    private readonly string _name = "process-" + Interlocked.Increment(ref _number);
    private readonly TimeProvider _time;
    private HeldLogin _held = HeldLogin.None;
    private long _since;
    private int _leases;

    public LoginProcess(ITokenStore store, TimeProvider? time = null, ITokenProtector? protector = null)
    {
        _time = time ??= TimeProvider.System;
        Watch = new RecordWatch(time);
        _logins = new SharedLoginStore(store, Key, protector, time, Watch);
    }

    public static TokenSessionKey Key { get; } = new("orders", "me");

    public HeldLogin Held
    {
        get => _held.Tokens is { } tokens
            ? HeldLogin.SignedIn(_held.LoginId, _held.Version, tokens, _held.Revision, _held.TokensAge + _time.GetElapsedTime(_since))
            : _held;
        private set => (_held, _since) = (value, _time.GetTimestamp());
    }

    public RefreshLease Lease { get; private set; } = new("none", TimeSpan.Zero);

    public RecordWatch Watch { get; }

    public static TokenSet Tokens(int number) => new($"access-{number}", $"refresh-{number}");

    public async Task<LoginStoreResult> LoadAsync(CancellationToken cancellationToken = default) =>
        Adopt(await _logins.LoadAsync(Held, cancellationToken));

    /// <summary>Asks for a new lease.</summary>
    public Task<LoginStoreResult> AcquireAsync(CancellationToken cancellationToken = default)
    {
        Lease = new RefreshLease($"{_name}-{++_leases}", TimeSpan.FromSeconds(35));
        return AcquireAgainAsync(cancellationToken);
    }

    /// <summary>Asks for the last lease again.</summary>
    public async Task<LoginStoreResult> AcquireAgainAsync(CancellationToken cancellationToken = default)
    {
        var result = await _logins.AcquireAsync(Held, Lease, cancellationToken);
        if (result.Status == LoginStatus.Succeeded && Held.Tokens is { } tokens)
        {
            Held = HeldLogin.SignedIn(Held.LoginId, Held.Version, tokens, result.Revision, result.Age);
        }

        return Adopt(result);
    }

    public async Task<LoginStoreResult> SaveAsync(int number)
    {
        var result = await _logins.SaveAsync(Held, Tokens(number));
        if (result.Status == LoginStatus.Succeeded)
        {
            Held = HeldLogin.SignedIn(result.LoginId, result.Version, Tokens(number), result.Revision, result.Age);
        }

        return Adopt(result);
    }

    /// <summary>Refreshes with a server that answers with these tokens.</summary>
    public async Task RefreshAsync(int number)
    {
        using var storeLock = (await AcquireAsync()).Lock;
        await SaveAsync(number);
    }

    public async Task<LoginStoreResult> EndAsync(ReLoginReason reason = ReLoginReason.Rejected, string? error = "invalid_grant") =>
        Adopt(await _logins.EndAsync(Held, Lease, reason, error));

    public Task ReleaseAsync(LeaseRelease? release = null) => _logins.ReleaseAsync(Held, Lease, release ?? new LeaseRelease());

    public async Task<LoginStoreResult> SignInAsync(int number, string? loginId = null)
    {
        var result = await _logins.SignInAsync(loginId ?? "login-" + number, Held.Version, Tokens(number), default);
        Held = HeldLogin.SignedIn(result.LoginId, result.Version, Tokens(number), result.Revision, result.Age);
        return result;
    }

    public async Task<LoginStoreResult> SignOutAsync()
    {
        var result = await _logins.SignOutAsync(Held.Version, default);
        Held = HeldLogin.SignedOut(result.Version);
        return result;
    }

    public Task WaitForChangeAsync(LoginStoreResult leased, CancellationToken cancellationToken = default) =>
        _logins.WaitForChangeAsync(leased, cancellationToken);

    private LoginStoreResult Adopt(LoginStoreResult result)
    {
        Held = result.Status switch
        {
            LoginStatus.Newer => HeldLogin.SignedIn(result.LoginId, result.Version, result.Tokens, result.Revision, result.Age),
            LoginStatus.LoginEnded => HeldLogin.Ended(
                result.LoginId, result.Version, result.Record.TokenHash, result.Record.Reason, result.Record.Error),
            LoginStatus.SignedOut => HeldLogin.SignedOut(result.Version),
            _ => Held,
        };
        return result;
    }
}
