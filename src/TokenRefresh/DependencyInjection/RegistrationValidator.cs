using System;
using System.Linq;
using Microsoft.Extensions.Options;
using TokenRefresh.Options;
using TokenRefresh.Storage;

namespace TokenRefresh.DependencyInjection;

/// <summary>
/// Has an app fail when it starts, and not at its first request: a session that isn't registered, options that are wrong, tokens that would
/// be saved unencrypted.
/// </summary>
internal sealed class RegistrationValidator(IServiceProvider provider, SessionRegistry registry) : IValidateOptions<TokenRefreshOptions>
{
    public ValidateOptionsResult Validate(string? name, TokenRefreshOptions options)
    {
        if (name is null || !registry.Sessions.Contains(name))
        {
            return registry.Clients.FirstOrDefault(client => client.Value == name) is { Key: { } client }
                ? ValidateOptionsResult.Fail($"TokenRefresh client '{client}': {registry.UnknownSessionMessage(name!)}")
                : ValidateOptionsResult.Skip;
        }

        var wrong = TokenRefreshOptionsValidator.Validate(name, options, ContainerComposer.HasEndpoint(provider, name));
        var failure = EncryptionRequirement.FindFailure(
            ContainerComposer.Find<ITokenStore>(provider, name),
            ContainerComposer.Find<ITokenProtector>(provider, name),
            registry.UnencryptedSessions.Contains(name));
        return failure is null ? wrong : ValidateOptionsResult.Fail([.. wrong.Failures ?? [], $"TokenRefresh client '{name}': {failure}"]);
    }
}
