namespace TokenRefresh.Tests.Support;

internal static class SessionHealth
{
    /// <summary>The health of one session, as <see cref="TokenSessions.GetHealth"/> reports it.</summary>
    public static TokenSessionHealth GetHealth(this TokenSession session) => TokenSessionHealth.Of(session.Context);
}
