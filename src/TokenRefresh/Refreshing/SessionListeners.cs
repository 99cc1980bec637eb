namespace TokenRefresh.Refreshing;

/// <summary>The event handlers that the app has added to a session.</summary>
internal sealed class EventHandlers
{
    // Events, because adding and removing handlers is thread-safe then.
    public event EventHandler<ReLoginRequiredEventArgs>? ReLoginRequired;

    public event EventHandler<TokensRefreshedEventArgs>? TokensRefreshed;

    public bool IsEmpty => ReLoginRequired is null && TokensRefreshed is null;

    /// <summary>The handlers for an event with these arguments.</summary>
    public IEnumerable<Action<object>> For(EventArgs args) => args switch
    {
        ReLoginRequiredEventArgs required => Each(ReLoginRequired).Select(handler => new Action<object>(sender => handler(sender, required))),
        TokensRefreshedEventArgs refreshed => Each(TokensRefreshed).Select(handler => new Action<object>(sender => handler(sender, refreshed))),
        _ => [],
    };

    private static IEnumerable<T> Each<T>(T? handlers)
        where T : Delegate => handlers?.GetInvocationList().Cast<T>() ?? [];
}
