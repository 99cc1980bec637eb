using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;

namespace TokenRefresh.AspNetCore.Blazor;

/// <summary>
/// Sets the circuit's user during each activity of the circuit. The HTTP request can't provide the user, because a circuit lives longer
/// than the request that started it. A scoped service can't either, because HTTP clients are created outside the circuit's scope.
/// </summary>
internal sealed class CircuitUserHandler : CircuitHandler, IDisposable
{
    private static readonly ClaimsPrincipal Anonymous = new(new ClaimsIdentity());
    private readonly AuthenticationStateProvider _provider;
    private Task<AuthenticationState>? _state;

    public CircuitUserHandler(AuthenticationStateProvider provider)
    {
        _provider = provider;
        provider.AuthenticationStateChanged += ChangeState;
    }

    public override Func<CircuitInboundActivityContext, Task> CreateInboundActivityHandler(Func<CircuitInboundActivityContext, Task> next)
    {
        ArgumentNullException.ThrowIfNull(next);
        return async context =>
        {
            // Until the circuit's user is known there is no user. The user of a request is never used.
            CircuitUser.Current = Anonymous;
            CircuitUser.Current = await FindUserAsync().ConfigureAwait(false);
            await next(context).ConfigureAwait(false);
        };
    }

    public void Dispose() => _provider.AuthenticationStateChanged -= ChangeState;

    private void ChangeState(Task<AuthenticationState> state) => _state = state;

    private async Task<ClaimsPrincipal> FindUserAsync()
    {
        try
        {
            return (await (_state ??= _provider.GetAuthenticationStateAsync()).ConfigureAwait(false)).User;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The next activity reads the state again. Until then requests of this circuit have no token.
            _state = null;
            return Anonymous;
        }
    }
}
