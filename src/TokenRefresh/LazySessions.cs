using TokenRefresh.Refreshing;

namespace TokenRefresh;

/// <summary>The sessions of one name, created once, at their first use.</summary>
internal sealed class LazySessions
{
    private readonly string _name;
    private readonly Lazy<UserSessions> _sessions;
    private volatile int _creatingThread;

    /// <param name="name">The name of the sessions.</param>
    /// <param name="compose">Composes what the sessions share. It calls code of the app.</param>
    public LazySessions(string name, Func<SessionServices> compose)
    {
        _name = name;
        _sessions = new Lazy<UserSessions>(() => Create(compose));
    }

    public bool IsCreated => _sessions.IsValueCreated;

    public UserSessions Value => _sessions.Value;

    /// <summary>Checks that the sessions aren't requested by the app's code that creates them.</summary>
    /// <exception cref="InvalidOperationException">This thread is creating them.</exception>
    public void RequireNoCycle()
    {
        if (_creatingThread == Environment.CurrentManagedThreadId)
        {
            throw new InvalidOperationException(
                $"Session '{_name}' is requested while it is being created: something that its options, its store, its endpoint or its "
                + "protector needs requests the session itself. Inject TokenSessions there, and get the session from it when it is used.");
        }
    }

    private UserSessions Create(Func<SessionServices> compose)
    {
        _creatingThread = Environment.CurrentManagedThreadId;
        try
        {
            return new UserSessions(compose());
        }
        finally
        {
            _creatingThread = 0;
        }
    }
}
