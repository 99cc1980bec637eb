using TokenRefresh.Diagnostics;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh.Refreshing;

/// <summary>Signs in and out at the app's request.</summary>
internal sealed class LoginChange(SessionContext session)
{
    /// <returns>The tokens as they were saved.</returns>
    public async Task<TokenSet> SignInAsync(TokenSet tokens, CancellationToken cancellationToken)
    {
        var services = session.Services;
        RequireUsable(tokens, services);
        var received = services.Complete(tokens, previous: null);
        var saved = await SaveAndStartAsync(LoginId.New(), received, cancellationToken).ConfigureAwait(false);
        SessionLog.SignedIn(services.Logger, services.Name);
        if (received.RefreshToken is null)
        {
            SessionLog.NoRefreshToken(services.Logger, services.Name);
        }

        return saved;
    }

    public async Task SignOutAsync(CancellationToken cancellationToken)
    {
        var services = session.Services;
        var store = session.Store;
        var ended = session.EndLogin(out var signedOut);
        var inMemory = ended as SignedInSnapshot;

        // Tokens that couldn't be saved yet are newer than those in the store.
        var unsaved = inMemory is { IsUnsaved: true } ? inMemory.Tokens : null;
        LoginStoreResult result;
        try
        {
            result = await WithStoreAsync(
                async ct =>
                {
                    // A disposal that has begun waits for this write, and for what follows from it.
                    var written = await store.SignOutAsync(ended.Version, ct).ConfigureAwait(false);
                    Revoker.Start(session, unsaved ?? written.Replaced ?? inMemory?.Tokens);
                    return written;
                },
                "The session is signed out here, but its saved tokens couldn't be removed. Call SignOutAsync again.",
                cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            KeepUnsaved(signedOut);

            // Only this call knows these tokens, so they are revoked now.
            Revoker.Start(session, unsaved);
            throw;
        }

        session.StartLogin(services.UsesClientCredentials
            ? new NotLoadedSnapshot(result.Version)
            : new SnapshotFactory(services).SignedOut(result.Version));
        SessionLog.SignedOut(services.Logger, services.Name);
    }

    private void KeepUnsaved(SignedOutSnapshot signedOut)
    {
        if (session.Services.UsesClientCredentials)
        {
            // No user signs in for client credentials. The next use loads a token or requests another one.
            session.StartLogin(new NotLoadedSnapshot(signedOut.Version + 1));
            return;
        }

        // From now on the store is read again, because the user may sign in at another process.
        session.TryPublish(signedOut, signedOut.CheckedAt(ClockReading.Now(session.Services.Time)));
    }

    private async Task<TokenSet> SaveAndStartAsync(LoginId loginId, TokenSet tokens, CancellationToken cancellationToken)
    {
        var services = session.Services;
        var store = session.Store;
        session.SubscribeToStore();
        services.PendingSignIns[loginId] = true;
        try
        {
            while (true)
            {
                var known = session.Current;
                var counted = services.Options.CountsPeriods ? InPeriodOf(known, tokens) : tokens;
                var saved = await WithStoreAsync(
                    ct => store.SignInAsync(loginId.ToString(), known.Version, counted, ct),
                    "The tokens of the new sign-in couldn't be saved; nothing has changed. Sign in again.",
                    cancellationToken).ConfigureAwait(false);
                if (session.TryStartLogin(known, new SnapshotFactory(services).SignedIn(loginId, saved)))
                {
                    return saved.Tokens;
                }
            }
        }
        finally
        {
            services.PendingSignIns.TryRemove(loginId, out _);
        }
    }

    private static void RequireUsable(TokenSet tokens, SessionServices services)
    {
        if (services.UsesClientCredentials)
        {
            throw new InvalidOperationException(
                $"Session '{services.Name}' uses client credentials (GrantType): no user signs in. Register another session for users.");
        }

        if (!tokens.CanBeSentAs(services.Options.Scheme))
        {
            throw new ArgumentException(
                $"The tokens of session '{services.Name}' have a type (TokenSet.Scheme) that needs a proof of possession or isn't "
                + "one word. Sign in with bearer tokens.",
                nameof(tokens));
        }
    }

    private static TokenSet InPeriodOf(SessionSnapshot known, TokenSet tokens) =>
        tokens.WithPeriod(known is SignedInSnapshot { Tokens.Period: > 0 and var period } ? period : LoginPeriod.New);

    private async Task<LoginStoreResult> WithStoreAsync(
        Func<CancellationToken, Task<LoginStoreResult>> operation, string message, CancellationToken cancellationToken)
    {
        var services = session.Services;
        if (!services.Work.TryBegin())
        {
            throw new ObjectDisposedException(nameof(TokenSession), $"Session '{services.Name}' is disposed.");
        }

        try
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, services.Work.Aborting);
            return await operation(ending.Token).ConfigureAwait(false);
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
