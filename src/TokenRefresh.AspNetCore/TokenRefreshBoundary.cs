using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Http;
using TokenRefresh.AspNetCore.Blazor;
using TokenRefresh.AspNetCore.Requests;

namespace TokenRefresh;

/// <summary>
/// Put this component around the body of an interactive layout. When the user's login ends, it loads the page again, and the page's
/// request leads to the sign-in. It doesn't handle other exceptions.
/// </summary>
public sealed class TokenRefreshBoundary : ErrorBoundaryBase, IDisposable
{
    private LoginWatch.Subscription? _subscription;
    private bool _wasSignedIn;
    private bool _isDisposed;
    private bool _isLeaving;
    private bool _isFatal;

    [Inject]
    private NavigationManager Navigation { get; set; } = null!;

    [Inject]
    private AuthenticationStateProvider Authentication { get; set; } = null!;

    [Inject]
    private LoginWatch Watch { get; set; } = null!;

    // Null in a circuit. While the page is prerendered, UseTokenRefresh answers the request.
    [CascadingParameter]
    private HttpContext? Request { get; set; }

    /// <summary>Stops watching the login.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _subscription?.Dispose();
        Authentication.AuthenticationStateChanged -= OnAuthenticationStateChanged;
    }

    /// <summary>Renders the content, or nothing while the page is loaded again.</summary>
    /// <param name="builder">The builder of the render tree.</param>
    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (CurrentException is null)
        {
            builder.AddContent(0, ChildContent);
        }
    }

    /// <summary>Starts to watch the login when the component has become interactive.</summary>
    /// <param name="firstRender">Whether the component was rendered for the first time.</param>
    /// <returns>A task that completes when the login is watched.</returns>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender)
        {
            return;
        }

        Authentication.AuthenticationStateChanged += OnAuthenticationStateChanged;
        var user = (await Authentication.GetAuthenticationStateAsync().ConfigureAwait(true)).User;
        if (_isDisposed)
        {
            // The user left the page meanwhile. Nothing would end the subscription.
            return;
        }

        _wasSignedIn = user.Identity?.IsAuthenticated == true;
        _subscription = Watch.Subscribe(user, () => _ = InvokeAsync(LeaveAsync));
        if (await Watch.IsEndedAsync(user, CancellationToken.None).ConfigureAwait(true))
        {
            await LeaveAsync().ConfigureAwait(true);
        }
    }

    /// <summary>
    /// Loads the page again if the exception says that a login has ended, and the user's own login has. Any other exception ends the
    /// circuit: error boundaries around this component don't get it.
    /// </summary>
    /// <param name="exception">The exception.</param>
    /// <returns>A task that completes when the exception is handled.</returns>
    protected override Task OnErrorAsync(Exception exception)
    {
        if (_isLeaving && !_isFatal)
        {
            return Task.CompletedTask;
        }

        if (_isFatal || Request is not null || !IsLoginEnd(exception))
        {
            // The base class ignores a task that has failed.
            ExceptionDispatchInfo.Throw(exception);
        }

        return LeaveOrFailAsync(exception);
    }

    private async Task LeaveOrFailAsync(Exception exception)
    {
        // The base class notes the exception after this method has returned.
        await Task.Yield();
        try
        {
            if (await IsOwnEndAsync().ConfigureAwait(true))
            {
                await LeaveAsync().ConfigureAwait(true);
                return;
            }
        }
        catch (Exception e)
        {
            exception = e;
        }

        // The exception is dispatched to this component itself first.
        _isFatal = true;
        await DispatchExceptionAsync(exception).ConfigureAwait(true);
    }

    // The exception may be about the login of another user or of the app itself. To load the page again wouldn't help then.
    private async Task<bool> IsOwnEndAsync()
    {
        var user = (await Authentication.GetAuthenticationStateAsync().ConfigureAwait(true)).User;
        return _isLeaving || _isDisposed || await Watch.IsEndedAsync(user, CancellationToken.None).ConfigureAwait(true);
    }

    private static bool IsLoginEnd(Exception exception) => InnerExceptions.Find(
        exception, static e => e is TokenRefreshException { Failure: TokenRefreshFailure.ReLoginRequired }) is not null;

    private void OnAuthenticationStateChanged(Task<AuthenticationState> change) => _ = InvokeAsync(async () =>
    {
        var user = (await change.ConfigureAwait(true)).User;
        if (_wasSignedIn && user.Identity?.IsAuthenticated != true)
        {
            await LeaveAsync().ConfigureAwait(true);
        }
    });

    private async Task LeaveAsync()
    {
        if (_isLeaving || _isDisposed)
        {
            return;
        }

        _isLeaving = true;
        if (_subscription is { } subscription)
        {
            await subscription.WaitForSignOutAsync().ConfigureAwait(true);
        }

        if (!_isDisposed)
        {
            Navigation.NavigateTo(Navigation.Uri, forceLoad: true);
        }
    }
}
