using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace TokenRefresh.Protocol;

/// <summary>
/// A setting of a client's primary handler. The handlers of .NET, Android and iOS have it under this name, but no common base type. That of
/// the package System.Net.Http.WinHttpHandler has other names.
/// </summary>
internal enum PrimaryHandlerSetting
{
    AllowAutoRedirect,
    UseCookies,
    UseProxy,
}

/// <summary>Reads and turns off the settings of a client's primary handler. A handler without the setting has it off.</summary>
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

    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "A setter that was trimmed is reported.")]
    private static (bool IsOn, Action TurnOff) Find(HttpMessageHandler handler, PrimaryHandlerSetting setting) => (handler, setting) switch
    {
#if NET8_0_OR_GREATER
        (SocketsHttpHandler s, PrimaryHandlerSetting.AllowAutoRedirect) => (s.AllowAutoRedirect, () => s.AllowAutoRedirect = false),
        (SocketsHttpHandler s, PrimaryHandlerSetting.UseCookies) => (s.UseCookies, () => s.UseCookies = false),
        (SocketsHttpHandler s, PrimaryHandlerSetting.UseProxy) => (s.UseProxy, () => s.UseProxy = false),

        // The handler of a browser has no cookies and no proxy: these properties throw.
        (HttpClientHandler, not PrimaryHandlerSetting.AllowAutoRedirect) when OperatingSystem.IsBrowser() => (false, () => { }),
#endif
        (HttpClientHandler c, PrimaryHandlerSetting.AllowAutoRedirect) => (c.AllowAutoRedirect, () => c.AllowAutoRedirect = false),
        (HttpClientHandler c, PrimaryHandlerSetting.UseCookies) => (c.UseCookies, () => c.UseCookies = false),
        (HttpClientHandler c, PrimaryHandlerSetting.UseProxy) => (c.UseProxy, () => c.UseProxy = false),

        // This library can't reference the handlers of Android, iOS and WinHTTP. The build for .NET Standard can't reference
        // SocketsHttpHandler.
        _ when (handler.GetType().GetProperty($"{setting}", typeof(bool)) ?? handler.GetType().GetProperty(NameOfWinHttp(setting)))
            is { CanRead: true } property =>
            (IfSupported(() => !OffOf(property).Equals(property.GetValue(handler))), () => TurnOff(handler, property, setting)),
        _ => (false, () => { }),
    };

    private static string NameOfWinHttp(PrimaryHandlerSetting setting) => setting switch
    {
        PrimaryHandlerSetting.AllowAutoRedirect => "AutomaticRedirection",
        PrimaryHandlerSetting.UseCookies => "CookieUsePolicy",
        _ => "WindowsProxyUsePolicy",
    };

    // The zero of WinHttpHandler's enums is IgnoreCookies or DoNotUseProxy.
    private static object OffOf(PropertyInfo property) =>
        property.PropertyType.IsEnum ? Enum.ToObject(property.PropertyType, 0) : false;

    // Redirects that stay on would send the refresh token to another server. Trimming may have removed the setter.
    private static void TurnOff(HttpMessageHandler handler, PropertyInfo property, PrimaryHandlerSetting setting)
    {
        if (property.CanWrite)
        {
            IfSupported(() =>
            {
                property.SetValue(handler, OffOf(property));
                return true;
            });
        }
        else if (setting == PrimaryHandlerSetting.AllowAutoRedirect)
        {
            throw new InvalidOperationException($"{setting} of {handler.GetType()} is true and can't be set.");
        }
    }

    // A platform may have a property that its apps can't use.
    private static bool IfSupported(Func<bool> access)
    {
        try
        {
            return access();
        }
        catch (TargetInvocationException e) when (e.InnerException is NotSupportedException)
        {
            return false;
        }
    }
}
