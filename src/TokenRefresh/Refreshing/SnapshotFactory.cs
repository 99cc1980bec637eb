using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>Creates the snapshots of a session from tokens and from results of the store.</summary>
internal sealed class SnapshotFactory(SessionServices services, ClockReading? storeReadAt = null)
{
    /// <summary>The state after a sign-in.</summary>
    public SignedInSnapshot SignedIn(LoginId loginId, LoginStoreResult saved)
    {
        var slot = SlotOf(saved.Tokens, ReceivedAt(saved.Tokens), isFromEndpoint: false);
        var signedIn = new SignedInSnapshot(loginId, saved.Version, WithHeader(saved.Tokens), slot, saved.Revision);
        if (saved.ReplacedLogin)
        {
            signedIn.MarkLaterLogin();
        }

        return signedIn;
    }

    /// <summary>The state after the endpoint returned an access token.</summary>
    public SignedInSnapshot Refreshed(LoginId loginId, long version, TokenSet tokens, string? revision) =>
        new(loginId, version, WithHeader(tokens), SlotOf(tokens, ReceivedAt(tokens), isFromEndpoint: true), revision);

    /// <summary>The state after the endpoint returned a new refresh token without an access token.</summary>
    public static SignedInSnapshot WithSameAccessToken(SignedInSnapshot previous, long version, TokenSet tokens, string? revision) =>
        new(previous.LoginId, version, tokens.WithHeader(previous.Header), previous.AccessToken, revision);

    /// <summary>The state that the store's record describes.</summary>
    public SessionSnapshot FromStore(LoginStoreResult found, SessionSnapshot previous) => found.Status switch
    {
        _ when previous is SignedOutSnapshot own && own.IsAheadOf(LoginId.Parse(found.LoginId), found.Version) =>
            own.CheckedAt(StoreCheckedNow(), LoginId.Parse(found.LoginId)),
        LoginStatus.Newer => Loaded(found, previous),
        LoginStatus.LoginEnded => Ended(
            LoginId.Parse(found.LoginId),
            found.Version,
            new LoginEnd(found.Record.Reason, found.Record.Error, found.Record.TokenHash),
            canAskUser: previous is not EndedSnapshot { CanAskUser: false } known || known.LoginId != LoginId.Parse(found.LoginId)),
        LoginStatus.SignedOut or LoginStatus.NotFound =>
            services.UsesClientCredentials ? new NotLoadedSnapshot(found.Version) : SignedOut(found.Version),
        _ => throw new InvalidOperationException($"The status {found.Status} describes no login."),
    };

    public EndedSnapshot Ended(LoginId loginId, long version, LoginEnd end, bool canAskUser) =>
        new(loginId, version, end, StoreCheckedNow(), canAskUser && services.Options.SignInInteractively is not null);

    public SignedOutSnapshot SignedOut(long version) => new(version, StoreCheckedNow());

    private SignedInSnapshot Loaded(LoginStoreResult found, SessionSnapshot previous)
    {
        // A rejected access token stays rejected when it reappears under another version.
        if (previous is SignedInSnapshot same && same.LoginId == LoginId.Parse(found.LoginId) && same.Tokens.HasAccessTokenOf(found.Tokens))
        {
            return WithSameAccessToken(same, found.Version, found.Tokens, found.Revision);
        }

        var slot = SlotOf(found.Tokens, ClockReading.Ago(found.Age, services.Time), isFromEndpoint: false);
        var loaded = new SignedInSnapshot(LoginId.Parse(found.LoginId), found.Version, WithHeader(found.Tokens), slot, found.Revision);
        if (services.PendingSignIns.ContainsKey(loaded.LoginId))
        {
            // It is a sign-in of this process that isn't published yet.
            loaded.MarkLaterLogin();
        }

        return loaded;
    }

    private AccessTokenSlot SlotOf(TokenSet tokens, ClockReading receivedAt, bool isFromEndpoint) =>
        new(ScheduleOf(tokens, receivedAt), receivedAt) { IsFromEndpoint = isFromEndpoint };

    private TokenSet WithHeader(TokenSet tokens) => tokens.WithScheme(services.Options.Scheme);

    private TokenSchedule ScheduleOf(TokenSet tokens, ClockReading receivedAt)
    {
        var lifetime = tokens.ExpiresAt - (tokens.ReceivedAt ?? new DateTimeOffset(receivedAt.Utc));
        var schedule = TokenSchedule.For(receivedAt.Utc, lifetime, services.Options, services.FlightSettings.Random());
        var canRefresh = tokens.RefreshToken is not null || services.UsesClientCredentials;
        return canRefresh || lifetime is null ? schedule : schedule.WithoutRefresh;
    }

    private ClockReading ReceivedAt(TokenSet tokens) =>
        ClockReading.Ago(tokens.ReceivedAt is { } received ? services.Time.GetUtcNow() - received : TimeSpan.Zero, services.Time);

    // Without a store no other process can change the session, so it is never read again.
    private ClockReading StoreCheckedNow() => services.HasStore ? storeReadAt ?? ClockReading.Now(services.Time) : ClockReading.Never;
}
