namespace TokenRefresh.Refreshing;

/// <summary>
/// The listeners of a session: the event handlers of the app, the subscription to changes of its record in the store, and the repeated
/// reads for stores that don't notify.
/// </summary>
/// <remarks>Most sessions have none of them, so they share one object.</remarks>
internal sealed class SessionListeners
{
    private StoreChanges? _storeChanges;
    private StoreRecheck? _recheck;

    // Events, because adding and removing handlers is thread-safe then.
    public event EventHandler<ReLoginRequiredEventArgs>? ReLoginRequired;

    public event EventHandler<TokensRefreshedEventArgs>? TokensRefreshed;

    /// <summary>Whether the app has added no event handler.</summary>
    public bool HasNoHandler => ReLoginRequired is null && TokensRefreshed is null;

    /// <summary>Reads the store again from time to time; <see langword="null"/> if that is off, or if no user has signed in yet.</summary>
    public StoreRecheck? Recheck => Volatile.Read(ref _recheck);

    /// <summary>Starts to read the store again from time to time.</summary>
    public void StartRechecks(RecheckSettings settings)
    {
        if (Recheck is null)
        {
            Interlocked.CompareExchange(ref _recheck, new StoreRecheck(settings), null);
        }
    }

    /// <summary>Subscribes to changes of the session's record, if that isn't done.</summary>
    public void SubscribeToStore(SessionContext session, ITokenStoreNotifications store)
    {
        if (Volatile.Read(ref _storeChanges) is not null)
        {
            return;
        }

        var changes = new StoreChanges(session);
        if (Interlocked.CompareExchange(ref _storeChanges, changes, null) is null)
        {
            changes.Subscribe(session.Key, store);
        }
    }

    /// <summary>Ends the subscription to the store.</summary>
    public void UnsubscribeFromStore() => Interlocked.Exchange(ref _storeChanges, null)?.Dispose();

    /// <summary>The handlers for an event with these arguments.</summary>
    public IEnumerable<Action<object>> For(EventArgs? args) => args switch
    {
        ReLoginRequiredEventArgs required => Each(ReLoginRequired, required),
        TokensRefreshedEventArgs refreshed => Each(TokensRefreshed, refreshed),
        _ => [],
    };

    private static IEnumerable<Action<object>> Each<T>(EventHandler<T>? handlers, T args) =>
        handlers?.GetInvocationList().Select(handler => new Action<object>(sender => ((EventHandler<T>)handler)(sender, args))) ?? [];
}
