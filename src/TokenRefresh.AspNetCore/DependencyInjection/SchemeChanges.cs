using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using TokenRefresh.AspNetCore.Sessions;

namespace TokenRefresh.AspNetCore.DependencyInjection;

/// <summary>
/// Reports a change of a session's OpenID Connect scheme as a change of the session's options, because the client secret comes from there.
/// </summary>
internal sealed class SchemeChanges : IOptionsChangeTokenSource<TokenRefreshOptions>, IDisposable
{
    private readonly IDisposable? _subscription;
    private ConfigurationReloadToken _next = new();

    public SchemeChanges(string name, UserSessionRegistry registry, IOptionsMonitor<OpenIdConnectOptions> schemes)
    {
        Name = name;
        _subscription = schemes.OnChange((_, scheme) =>
        {
            if (scheme is not null && registry.Get(name).OpenIdConnectScheme == scheme)
            {
                Report();
            }
        });
    }

    public string Name { get; }

    public IChangeToken GetChangeToken() => _next;

    public void Dispose() => _subscription?.Dispose();

    private void Report()
    {
        try
        {
            Interlocked.Exchange(ref _next, new ConfigurationReloadToken()).OnReload();
        }
        catch (AggregateException)
        {
            // The session's options are wrong with this scheme. The session logs it and uses the old ones.
        }
    }
}
