using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace TokenRefresh.DependencyInjection;

/// <summary>The app's settings for the client of token requests, separate from its settings for all clients.</summary>
/// <param name="Own">Configured for this client by its name.</param>
/// <param name="ForAll">Configured for all clients: by <c>ConfigureHttpClientDefaults</c>, <c>ConfigureAll</c> or an options class.</param>
internal sealed record BackchannelSettings(HttpClientFactoryOptions Own, HttpClientFactoryOptions ForAll)
{
    public static BackchannelSettings Read(IServiceProvider provider, string name)
    {
        var own = new HttpClientFactoryOptions();
        var forAll = new HttpClientFactoryOptions();
        foreach (var configure in provider.GetServices<IConfigureOptions<HttpClientFactoryOptions>>())
        {
            if (configure is ConfigureNamedOptions<HttpClientFactoryOptions> { Name: not null } named)
            {
                named.Configure(name, own);
            }
            else if (configure is IConfigureNamedOptions<HttpClientFactoryOptions> any)
            {
                any.Configure(name, forAll);
            }
        }

        foreach (var configure in provider.GetServices<IPostConfigureOptions<HttpClientFactoryOptions>>())
        {
            configure.PostConfigure(name, configure is PostConfigureOptions<HttpClientFactoryOptions> { Name: not null } ? own : forAll);
        }

        return new BackchannelSettings(own, forAll);
    }
}
