using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using TokenRefresh;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Keeps the tokens of a session in the app's database. The tokens must be encrypted: add <c>UseDataProtection()</c> or
/// <c>UseProtector</c>.
/// </summary>
public static class TokenRefreshEntityFrameworkCoreExtensions
{
    /// <summary>
    /// Keeps the session's tokens in the database of a context whose model has <c>modelBuilder.AddTokenSessions()</c>. It also registers an
    /// <see cref="EntityFrameworkCoreTokenStore{TContext}"/> for the app's own jobs.
    /// </summary>
    /// <typeparam name="TContext">
    /// The context, registered by <c>AddDbContext</c>, <c>AddDbContextPool</c> or <c>AddDbContextFactory</c>, not as a singleton. It must
    /// use the same database for all requests and for background work: a context with a database per tenant doesn't fit.
    /// </typeparam>
    /// <param name="builder">The session.</param>
    /// <param name="configure">Sets the options of the store; <see langword="null"/> for the defaults.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentException">An option is wrong; the message names it and says what to do.</exception>
    public static TokenSessionBuilder UseEntityFrameworkCore<TContext>(
        this TokenSessionBuilder builder, Action<EntityFrameworkCoreTokenStoreOptions>? configure = null)
        where TContext : DbContext
    {
        Require.NotNull(builder, nameof(builder));
        var options = new EntityFrameworkCoreTokenStoreOptions();
        configure?.Invoke(options);
        options = options.Validated();
        builder.Services.TryAddSingleton(provider => Create<TContext>(provider, options: null));
        return builder.UseStore(provider => Create<TContext>(provider, options));
    }

    private static EntityFrameworkCoreTokenStore<TContext> Create<TContext>(
        IServiceProvider provider, EntityFrameworkCoreTokenStoreOptions? options)
        where TContext : DbContext =>
        new(provider.GetRequiredService<IServiceScopeFactory>(), options, provider.GetService<TimeProvider>());
}
