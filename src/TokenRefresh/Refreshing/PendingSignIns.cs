namespace TokenRefresh.Refreshing;

/// <summary>
/// The sign-ins that are being saved. The store may hold such a login before its session has it, and a session that loads it then must know
/// that it is new: requests that waited for the saved login were made under the one that it replaces.
/// </summary>
internal sealed class PendingSignIns
{
    private readonly HashSet<LoginId> _logins = [];

    public void Begin(LoginId login)
    {
        lock (_logins)
        {
            _logins.Add(login);
        }
    }

    public void End(LoginId login)
    {
        lock (_logins)
        {
            _logins.Remove(login);
        }
    }

    public bool Contains(LoginId login)
    {
        lock (_logins)
        {
            return _logins.Contains(login);
        }
    }
}
