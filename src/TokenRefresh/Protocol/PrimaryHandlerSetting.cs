namespace TokenRefresh.Protocol;

/// <summary>A setting of a client's primary handler. The two handlers of .NET have it under this name, but no common base type.</summary>
internal enum PrimaryHandlerSetting
{
    AllowAutoRedirect,
    UseCookies,
    UseProxy,
}

/// <summary>Reads and turns off the settings of a client's primary handler. Handlers of other types have none.</summary>
internal static class PrimaryHandlerExtensions
{
    public static bool IsOn(this HttpMessageHandler handler, PrimaryHandlerSetting setting) => Find(handler, setting).IsOn;

    /// <summary>Turns a setting off. If it is off, nothing is set, because a handler that is in use throws at every assignment.</summary>
    public static void TurnOff(this HttpMessageHandler handler, PrimaryHandlerSetting setting)
    {
        var (isOn, turnOff) = Find(handler, setting);
        if (isOn)
        {
            turnOff();
        }
    }

    private static (bool IsOn, Action TurnOff) Find(HttpMessageHandler handler, PrimaryHandlerSetting setting) => (handler, setting) switch
    {
#if NET8_0_OR_GREATER
        (SocketsHttpHandler s, PrimaryHandlerSetting.AllowAutoRedirect) => (s.AllowAutoRedirect, () => s.AllowAutoRedirect = false),
        (SocketsHttpHandler s, PrimaryHandlerSetting.UseCookies) => (s.UseCookies, () => s.UseCookies = false),
        (SocketsHttpHandler s, PrimaryHandlerSetting.UseProxy) => (s.UseProxy, () => s.UseProxy = false),

        // The handler of a browser has no cookies and no proxy: these properties throw.
        (HttpClientHandler, not PrimaryHandlerSetting.AllowAutoRedirect) when OperatingSystem.IsBrowser() => (false, () => { }),
#else
        // This build can't reference SocketsHttpHandler, but the app may pass one.
        _ when handler.GetType() is { FullName: "System.Net.Http.SocketsHttpHandler" } type
            && type.GetProperty($"{setting}") is { } property =>
            (property.GetValue(handler) is true, () => property.SetValue(handler, false)),
#endif
        (HttpClientHandler c, PrimaryHandlerSetting.AllowAutoRedirect) => (c.AllowAutoRedirect, () => c.AllowAutoRedirect = false),
        (HttpClientHandler c, PrimaryHandlerSetting.UseCookies) => (c.UseCookies, () => c.UseCookies = false),
        (HttpClientHandler c, PrimaryHandlerSetting.UseProxy) => (c.UseProxy, () => c.UseProxy = false),
        _ => (false, () => { }),
    };
}
