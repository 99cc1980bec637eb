using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>Signs in and out at the app's request.</summary>
internal readonly struct LoginChange(SessionContext session)
{
    public async Task SignInAsync(TokenSet tokens, CancellationToken cancellationToken)
    {
        var services = session.Services;
        if (services.UsesClientCredentials)
        {
            throw new InvalidOperationException(
                $"Session '{services.Name}' uses client credentials (GrantType): no user signs in. Register another session for users.");
        }

        if (!tokens.CanBeSentAs(services.Options.Scheme))
        {
            throw new ArgumentException(
                $"The tokens of session '{services.Name}' have a type (TokenSet.Scheme) that needs a proof of possession or isn't one word. "
                + "Sign in with bearer tokens.",
                nameof(tokens));
        }

        var received = tokens.WithDefaultsFrom(previous: null, services.Time.GetUtcNow());
        var loginId = LoginId.New();
        var store = session.Store;
        var known = session.Current.Version;
        var saved = await WithStoreAsync(
            () => store.SignInAsync(loginId.ToString(), known, received, cancellationToken),
            "The tokens of the new sign-in couldn't be saved; nothing has changed. Sign in again.",
            cancellationToken).ConfigureAwait(false);

        session.StartLogin(new SnapshotFactory(services).SignedIn(loginId, saved, received));
        RefreshLog.SignedIn(services.Logger, services.Name);
        if (received.RefreshToken is null)
        {
            RefreshLog.NoRefreshToken(services.Logger, services.Name);
        }
    }

    public async Task SignOutAsync(CancellationToken cancellationToken)
    {
        var services = session.Services;
        var store = session.Store;
        var ended = session.EndLogin();
        var result = await WithStoreAsync(
            () => store.SignOutAsync(ended.Version, cancellationToken),
            "The session is signed out here, but its saved tokens couldn't be removed. Call SignOutAsync again.",
            cancellationToken).ConfigureAwait(false);

        session.StartLogin(services.UsesClientCredentials
            ? new NotLoadedSnapshot(result.Version)
            : new SnapshotFactory(services).SignedOut(result.Version));
        RefreshLog.SignedOut(services.Logger, services.Name);

        // Tokens that couldn't be saved yet are newer than those in the store.
        var inMemory = ended as SignedInSnapshot;
        Revoker.Start(session, inMemory is { IsUnsaved: true } ? inMemory.Tokens : result.Replaced ?? inMemory?.Tokens);
    }

    private async Task<LoginStoreResult> WithStoreAsync(Func<Task<LoginStoreResult>> operation, string message, CancellationToken cancellationToken)
    {
        var services = session.Services;
        if (!services.Work.TryBegin())
        {
            throw new ObjectDisposedException(nameof(TokenSession), $"Session '{services.Name}' is disposed.");
        }

        try
        {
            return await operation().ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            services.StoreFailed(e);
            throw FailureMessages.Store(services.Name, e.Cause, message).ToException();
        }
        finally
        {
            services.Work.End();
        }
    }
}
