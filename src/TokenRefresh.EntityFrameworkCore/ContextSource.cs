using System.Data.Common;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.EntityFrameworkCore;

/// <summary>Creates a context for each call, in a service scope of its own.</summary>
/// <remarks>
/// A container that is being disposed creates no scopes, but the last refreshes are saved then. So one context is kept for these calls,
/// which use it one after another. It is created before anything else, so that the container disposes its dependencies last. The first call
/// uses it, because a context resolves some of its services only when it is used.
/// </remarks>
internal sealed class ContextSource<TContext> : IAsyncDisposable, IDisposable
    where TContext : DbContext
{
    private readonly IServiceScopeFactory _scopes;
    private readonly SemaphoreSlim _keptIsFree = new(1, 1);
    private readonly bool _isShared;
    private Scope? _kept;
    private bool _isKeptUsed;
    private volatile bool _isDisposed;

    /// <exception cref="InvalidOperationException">The context isn't registered.</exception>
    public ContextSource(IServiceScopeFactory scopes)
    {
        _scopes = scopes;
        try
        {
            _kept = Create();
            if (_kept.Context.Database.IsRelational())
            {
                // Creates what the connection needs, as a data source that the container owns. Opens nothing.
                _ = _kept.Context.Database.GetDbConnection();
            }

            using var another = Create();
            _isShared = ReferenceEquals(another.Context, _kept.Context);
        }
        catch (Exception e) when (e is DbException or SocketException or TimeoutException)
        {
            // An app's options may read the version of the database. The app must start also while the database can't be reached.
        }
    }

    /// <exception cref="TokenStoreConfigurationException">All scopes have the same context, so the app uses it too.</exception>
    public async ValueTask<RentedContext> RentAsync(CancellationToken cancellationToken)
    {
        if (_isShared)
        {
            throw Shared();
        }

        if (!Volatile.Read(ref _isKeptUsed) && _keptIsFree.Wait(0, CancellationToken.None))
        {
            return await RentKeptAsync().ConfigureAwait(false);
        }

        try
        {
            var scope = Create();
            return new RentedContext(scope.Context, scope.DisposeAsync);
        }
        catch (ObjectDisposedException) when (_kept is not null)
        {
            await _keptIsFree.WaitAsync(cancellationToken).ConfigureAwait(false);
            return await RentKeptAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Releases the kept context. A call that is using it finishes first, and releases it then.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        TakeKept()?.Dispose();
    }

    /// <inheritdoc cref="Dispose"/>
    public async ValueTask DisposeAsync()
    {
        _isDisposed = true;
        if (TakeKept() is { } kept)
        {
            await kept.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask<RentedContext> RentKeptAsync()
    {
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _kept ??= Create();
        }
        catch
        {
            await ReleaseKeptAsync().ConfigureAwait(false);
            throw;
        }

        Volatile.Write(ref _isKeptUsed, true);
        _kept.Context.ChangeTracker.Clear();
        return new RentedContext(_kept.Context, ReleaseKeptAsync);
    }

    private ValueTask ReleaseKeptAsync()
    {
        _keptIsFree.Release();
        return _isDisposed ? DisposeAsync() : default;
    }

    // Of a disposal and the end of the last call, the later one finds it free.
    private Scope? TakeKept()
    {
        if (!_keptIsFree.Wait(0, CancellationToken.None))
        {
            return null;
        }

        var kept = _kept;
        _kept = null;
        _keptIsFree.Release();
        return kept;
    }

    private Scope Create()
    {
        var scope = _scopes.CreateAsyncScope();
        try
        {
            return new Scope(scope, scope.ServiceProvider.GetService<TContext>() ?? throw Unregistered());
        }
        catch
        {
            scope.Dispose();
            throw;
        }
    }

    private static InvalidOperationException Unregistered()
    {
        var name = typeof(TContext).Name;
        return new InvalidOperationException(
            $"The token store uses {name}, which isn't registered. Add services.AddDbContext<{name}>(options => options.Use…), "
            + "or AddDbContextFactory.");
    }

    private static TokenStoreConfigurationException Shared()
    {
        var name = typeof(TContext).Name;
        return new TokenStoreConfigurationException(
            $"All service scopes have the same {name}, so the app's transactions would include the tokens. Register it as scoped (the "
            + $"default): services.AddDbContext<{name}>(options => options.Use…), or with AddDbContextFactory.");
    }

    private sealed record Scope(AsyncServiceScope Services, TContext Context) : IAsyncDisposable, IDisposable
    {
        public ValueTask DisposeAsync() => Services.DisposeAsync();

        public void Dispose() => Services.Dispose();
    }
}

/// <summary>A context for one call.</summary>
/// <param name="Context">The context.</param>
/// <param name="Release">Gives it back.</param>
internal readonly record struct RentedContext(DbContext Context, Func<ValueTask> Release) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Release();
}
