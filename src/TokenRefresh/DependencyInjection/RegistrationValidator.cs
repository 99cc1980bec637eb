using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenRefresh.Diagnostics;
using TokenRefresh.Options;
using TokenRefresh.Storage;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// Makes an app with a wrong registration fail at its start, not at its first request. It finds sessions that aren't registered, wrong
/// options, and tokens that would be saved unencrypted.
/// </summary>
internal sealed class RegistrationValidator(IServiceProvider provider, SessionRegistry registry) : IValidateOptions<TokenRefreshOptions>
{
    // Options are validated again when they change. The warning is for the start.
    private readonly ConcurrentDictionary<string, bool> _warned = new(StringComparer.Ordinal);

    public ValidateOptionsResult Validate(string? name, TokenRefreshOptions options)
    {
        if (name is null || !registry.Sessions.Contains(name))
        {
            return registry.Clients.FirstOrDefault(client => client.Value == name) is { Key: { } client }
                ? ValidateOptionsResult.Fail($"TokenRefresh client '{client}': {registry.UnknownSessionMessage(name!)}")
                : ValidateOptionsResult.Skip;
        }

        var result = ValidateSession(name, options);
        if (result.Succeeded && _warned.TryAdd(name, true))
        {
            SessionComposer.WarnOfInsecureOrigins(GuardedLogger.Create(provider.GetRequiredService<ILoggerFactory>()), name, options);
        }

        return result;
    }

    /// <summary>Validates the options of a session.</summary>
    public ValidateOptionsResult ValidateSession(string name, TokenRefreshOptions options)
    {
        var wrong = TokenRefreshOptionsValidator.Validate(name, options, registry.HasEndpoint(provider, name));
        var failure = EncryptionRequirement.FindFailure(
            registry.Find<ITokenStore>(provider, name),
            registry.Find<ITokenProtector>(provider, name),
            registry.UnencryptedSessions.Contains(name),
            registry.Sessions.Contains(name) ? EncryptionRequirement.OfBuilder : EncryptionRequirement.OfAddedSession);
        return failure is null ? wrong : ValidateOptionsResult.Fail([.. wrong.Failures ?? [], $"TokenRefresh client '{name}': {failure}"]);
    }
}
