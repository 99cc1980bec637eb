using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>Reads what a node's cookie holds.</summary>
internal static class Tickets
{
    public static AuthenticationTicket ReadTicket(this IServiceProvider services, string cookie)
    {
        var options = services.GetRequiredService<IOptionsMonitor<CookieAuthenticationOptions>>().Get(CookieAuthenticationDefaults.AuthenticationScheme);
        return options.TicketDataFormat.Unprotect(cookie)!;
    }
}
