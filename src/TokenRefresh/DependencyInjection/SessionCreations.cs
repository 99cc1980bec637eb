using System.Collections.Concurrent;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// The sessions that are being created. The code of the app that creates a session's options or parts may request the session itself: that
/// is reported here, because a lazy value reports it without a name.
/// </summary>
internal sealed class SessionCreations
{
    private readonly ConcurrentDictionary<(string Session, int Thread), bool> _running = new();

    /// <summary>Creates a session, its options or its parts. It may call itself for the same session.</summary>
    public T Run<T>(string session, Func<T> create)
    {
        var key = (session, Environment.CurrentManagedThreadId);
        var isOuter = _running.TryAdd(key, true);
        try
        {
            return create();
        }
        finally
        {
            if (isOuter)
            {
                _running.TryRemove(key, out _);
            }
        }
    }

    /// <summary>Checks that a session isn't requested by the code that creates it.</summary>
    /// <exception cref="InvalidOperationException">This thread is creating the session.</exception>
    public void RequireNoCycle(string session)
    {
        if (_running.ContainsKey((session, Environment.CurrentManagedThreadId)))
        {
            throw new InvalidOperationException(
                $"Session '{session}' is requested while it is being created: something that its options, its store, its endpoint or its "
                + "protector needs requests the session itself. Inject TokenSessions there, and get the session from it when it is used.");
        }
    }
}
