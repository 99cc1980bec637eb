using TokenRefresh.Storage;

namespace TokenRefresh.TestKit;

/// <summary>Uses a store as another process would.</summary>
/// <param name="store">The store that both share.</param>
/// <param name="key">The session.</param>
/// <param name="protector">The other process's protector.</param>
internal sealed class OtherProcess(ITokenStore store, TokenSessionKey key, ITokenProtector? protector = null)
{
    private readonly SharedLoginStore _logins = new(store, key, protector, TimeProvider.System, new RecordWatch(TimeProvider.System));

    /// <summary>What the record says.</summary>
    public Task<LoginStoreResult> LoadAsync() => _logins.LoadAsync(HeldLogin.None, default);

    /// <summary>The tokens that are saved.</summary>
    public async Task<TokenSet?> TokensAsync() => await LoadAsync() is { Status: LoginStatus.Newer } login ? login.Tokens : null;

    public async Task<LoginStoreResult> AcquireAsync(string holderId = "other", TimeSpan? duration = null) =>
        await _logins.AcquireAsync(await HeldAsync(), new RefreshLease(holderId, duration ?? TimeSpan.FromMinutes(1)), default);

    /// <summary>Saves new tokens of the login that is there, whether it has ended or not.</summary>
    public async Task<LoginStoreResult> SaveAsync(TokenSet tokens) => await _logins.SaveAsync(await HeldAsync(), tokens);

    public async Task<LoginStoreResult> EndAsync(string holderId = "other", ReLoginReason reason = ReLoginReason.Rejected, string? error = null) =>
        await _logins.EndAsync(await HeldAsync(), new RefreshLease(holderId, TimeSpan.FromMinutes(1)), reason, error);

    public Task<LoginStoreResult> SignInAsync(TokenSet tokens, string loginId = "another-login", long knownVersion = 0) =>
        _logins.SignInAsync(loginId, knownVersion, tokens, default);

    public Task<LoginStoreResult> SignOutAsync() => _logins.SignOutAsync(0, default);

    private async Task<HeldLogin> HeldAsync() => await LoadAsync() switch
    {
        { Status: LoginStatus.Newer } login => HeldLogin.SignedIn(login.LoginId, login.Version, login.Tokens, revision: null, login.Age),
        { Status: LoginStatus.LoginEnded } ended => HeldLogin.Ended(ended.LoginId, ended.Version, ended.Record.TokenHash, ended.Record.Reason, ended.Record.Error),
        var other => HeldLogin.SignedOut(other.Version),
    };
}
