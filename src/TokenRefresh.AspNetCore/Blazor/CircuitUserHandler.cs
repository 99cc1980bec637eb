using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;

namespace TokenRefresh.AspNetCore.Blazor;

/// <summary>
/// Says, during each activity of a circuit, who the circuit's user is. A circuit outlives the HTTP request that began it, and HTTP clients
/// are made outside the circuit's scope: neither the request nor a scoped service can say it.
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
            // Until it is known, there is no user: never that of a request.
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
            // Asked again at the next activity. Until then requests of this circuit have no token.
            _state = null;
            return Anonymous;
        }
    }
}
