using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
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
            SessionComposer.WarnOfInsecureOrigins(new GuardedLogger(provider.GetRequiredService<ILoggerFactory>()), name, options);
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
        if (wrong.Succeeded && failure is null)
        {
            return wrong;
        }

        var others = FindHints(name, options).Prepend(failure)
            .Where(text => text is not null)
            .Select(text => $"TokenRefresh client '{name}': {text}");
        return ValidateOptionsResult.Fail([.. wrong.Failures ?? [], .. others]);
    }

    // Often nothing is set because the name of the session, or of its section, is wrong.
    private IEnumerable<string?> FindHints(string name, TokenRefreshOptions options)
    {
        if (options.TokenEndpoint is not null || options.Issuer is not null || registry.HasEndpoint(provider, name))
        {
            yield break;
        }

        foreach (var (_, section) in registry.Sections.Where(source => source.Session == name && !source.Section.Exists()))
        {
            yield return $"The configuration section '{section.Path}' is missing or empty. Check its name.";
        }

        if (registry.Sessions.Contains(name) && registry.DescribeOthers(name) is { Length: > 0 } others)
        {
            yield return $"Other sessions are registered: {others}. If one of them is meant, use its name. A typed client has the name of "
                + "its type.";
        }
    }
}
