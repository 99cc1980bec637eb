using System;
using Microsoft.Extensions.Options;
using TokenRefresh.Storage;

namespace TokenRefresh.DependencyInjection;

/// <summary>Has an app that would save tokens unencrypted fail when it starts.</summary>
internal sealed class SavedTokensValidator(IServiceProvider provider, SessionRegistry registry) : IValidateOptions<TokenRefreshOptions>
{
    public ValidateOptionsResult Validate(string? name, TokenRefreshOptions options)
    {
        if (name is null || !registry.Sessions.Contains(name))
        {
            return ValidateOptionsResult.Skip;
        }

        var failure = SavedTokensRule.FindFailure(
            SessionComposer.Find<ITokenStore>(provider, name),
            SessionComposer.Find<ITokenProtector>(provider, name),
            registry.PlaintextSessions.Contains(name));
        return failure is null ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail($"TokenRefresh client '{name}': {failure}");
    }
}
