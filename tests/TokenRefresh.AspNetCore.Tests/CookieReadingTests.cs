using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.AspNetCore.Tests;

/// <summary>How often a request decrypts its cookie.</summary>
public sealed class CookieReadingTests
{
    private const string Cookies = CookieAuthenticationDefaults.AuthenticationScheme;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_decrypts_its_cookie_once_and_a_sign_out_twice(bool isClass)
    {
        await using var provider = await Provider.StartAsync();
        var decryptions = 0;
        await using var node = await Node.StartAsync(provider, new NodeSetup
        {
            ConfigureServices = services => services.AddScoped<TokenRefreshCookieEvents>()
                .AddOptions<CookieAuthenticationOptions>(Cookies)
                .Configure<IDataProtectionProvider>((options, keys) =>
                {
                    options.EventsType = isClass ? typeof(TokenRefreshCookieEvents) : null;
                    options.TicketDataFormat = new CountingFormat(
                        new TicketDataFormat(keys.CreateProtector("cookies")), () => decryptions++);
                }),
        });
        using var browser = new Browser();
        await browser.GoAsync(node.At("orders"));

        decryptions = 0;
        await browser.FetchAsync(node.At("user"));
        Assert.Equal(1, decryptions);

        decryptions = 0;
        await browser.FetchAsync(node.At("logout"), HttpMethod.Post);
        Assert.Equal(2, decryptions);
        await Eventually.TrueAsync(() => provider.RevokedTokens.Count == 1);
    }

    private sealed class CountingFormat(ISecureDataFormat<AuthenticationTicket> inner, Action decrypting)
        : ISecureDataFormat<AuthenticationTicket>
    {
        public string Protect(AuthenticationTicket data) => inner.Protect(data);

        public string Protect(AuthenticationTicket data, string? purpose) => inner.Protect(data, purpose);

        public AuthenticationTicket? Unprotect(string? protectedText) => Unprotect(protectedText, purpose: null);

        public AuthenticationTicket? Unprotect(string? protectedText, string? purpose)
        {
            decrypting();
            return inner.Unprotect(protectedText, purpose);
        }
    }
}
