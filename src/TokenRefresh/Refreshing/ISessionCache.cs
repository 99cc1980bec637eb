namespace TokenRefresh.Refreshing;

/// <summary>Keeps the sessions of a server's users in memory.</summary>
internal interface ISessionCache : IDisposable
{
    /// <summary>Keeps a session that has tokens or event handlers, even if it was unused for a while.</summary>
    void KeepAlive(SessionContext session);
}
