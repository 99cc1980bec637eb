using Microsoft.Extensions.Options;

namespace TokenRefresh.DependencyInjection;

/// <summary>Creates and validates the options of sessions. The start of the app does that before it creates a session.</summary>
internal sealed class SessionOptionsFactory(
    IEnumerable<IConfigureOptions<TokenRefreshOptions>> configures,
    IEnumerable<IPostConfigureOptions<TokenRefreshOptions>> postConfigures,
    IEnumerable<IValidateOptions<TokenRefreshOptions>> validators,
    SessionCreations creations) : IOptionsFactory<TokenRefreshOptions>
{
    private readonly OptionsFactory<TokenRefreshOptions> _options = new(configures, postConfigures, validators);

    public TokenRefreshOptions Create(string name) => creations.Run(name, () => _options.Create(name));
}
