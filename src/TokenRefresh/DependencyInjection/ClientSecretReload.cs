using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using TokenRefresh.Diagnostics;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// Uses a client secret that has changed in configuration for the next token call. The other options stay as they were at the start: a
/// session whose server or store changes while it runs would lose its login.
/// </summary>
internal sealed class ClientSecretReload : IDisposable
{
    private readonly IServiceProvider _provider;
    private readonly string _name;
    private readonly TokenRefreshOptions _options;
    private readonly ILogger _logger;
    private readonly IDisposable[] _registrations;
    private string _loggedNames = "";

    public ClientSecretReload(IServiceProvider provider, SessionRegistry registry, string name, TokenRefreshOptions options)
    {
        _provider = provider;
        _name = name;
        _options = options;
        _logger = new GuardedLogger(provider.GetRequiredService<ILoggerFactory>());
        var sections = registry.Sections.Where(source => source.Session == name);
        var sources = provider.GetServices<IOptionsChangeTokenSource<TokenRefreshOptions>>().Where(source => source.Name == name);
        _registrations =
        [
            .. sections.Select(source => ChangeToken.OnChange(source.Section.GetReloadToken, Reload)),
            .. sources.Select(source => ChangeToken.OnChange(source.GetChangeToken, Reload)),
            .. provider.GetServices<ISessionOptionsChanges>().Select(changes => changes.OnChange(name, Reload)).OfType<IDisposable>(),
        ];
        if (_registrations.Length > 0)
        {
            // The options were read when the app started, and may have changed since.
            Reload();
        }
    }

    public void Dispose() => Array.ForEach(_registrations, registration => registration.Dispose());

    private void Reload()
    {
        try
        {
            var changed = _provider.GetRequiredService<IOptionsFactory<TokenRefreshOptions>>().Create(_name);
            var fixedNames = FixedOptions.FindChanged(_options, changed);
            var hasNewSecret = changed.ClientSecret != _options.ClientSecret;
            if (hasNewSecret && (string.IsNullOrEmpty(changed.ClientSecret) || fixedNames.Any(FixedOptions.BelongsToClient)))
            {
                // The new secret is that of another client or server, or the file is being replaced and has none now.
                fixedNames.Add(nameof(TokenRefreshOptions.ClientSecret));
            }
            else if (hasNewSecret)
            {
                _options.ClientSecret = changed.ClientSecret;
                SessionLog.ClientSecretReloaded(_logger, _name);
            }

            LogRestartNeeded(string.Join(", ", fixedNames));
        }
        catch (ObjectDisposedException)
        {
            // The app ends.
        }
        catch (Exception e)
        {
            // Its message names options and their limits, and no value that may be a secret.
            SessionLog.ReloadFailed(_logger, _name, e is OptionsValidationException ? e.Message : e.GetType().Name);
        }
    }

    // A file that changes is often reported twice.
    private void LogRestartNeeded(string names)
    {
        if (Interlocked.Exchange(ref _loggedNames, names) != names && names.Length > 0)
        {
            SessionLog.RestartNeeded(_logger, _name, names);
        }
    }
}
