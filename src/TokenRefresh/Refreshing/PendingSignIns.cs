namespace TokenRefresh.Refreshing;

/// <summary>
/// The sign-ins that are being saved. The store may have such a login before its session has it. A session that loads the login then must
/// know that it is new: requests that waited for the saved login belong to the login that was replaced.
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
