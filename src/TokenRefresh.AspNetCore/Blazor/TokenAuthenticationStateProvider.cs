using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.Extensions.Logging;

namespace TokenRefresh.AspNetCore.Blazor;

/// <summary>
/// Checks the user's logins while a circuit is open. After a sign-out in another tab or at the provider the circuit has no user.
/// </summary>
internal sealed class TokenAuthenticationStateProvider(ILoggerFactory loggerFactory, LoginWatch watch)
    : RevalidatingServerAuthenticationStateProvider(loggerFactory)
{
    protected override TimeSpan RevalidationInterval { get; } = TimeSpan.FromSeconds(10);

    protected override async Task<bool> ValidateAuthenticationStateAsync(
        AuthenticationState authenticationState, CancellationToken cancellationToken) =>
        !await watch.IsEndedAsync(authenticationState.User, cancellationToken).ConfigureAwait(false);
}
