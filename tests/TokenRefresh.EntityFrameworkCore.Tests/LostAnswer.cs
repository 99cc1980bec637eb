using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;

namespace TokenRefresh.EntityFrameworkCore.Tests;

/// <summary>The first statement of a kind takes effect, but its answer is lost; the app's execution strategy repeats it.</summary>
internal sealed class LostAnswer(string statement) : DbCommandInterceptor
{
    private int _sent;

    /// <summary>How many statements of this kind were sent.</summary>
    public int Sent => Volatile.Read(ref _sent);

    /// <summary>Sets up the strategy, whatever the provider.</summary>
    public void Configure(DbContextOptionsBuilder options) =>
        options.AddInterceptors(this).ReplaceService<IExecutionStrategyFactory, Repeating>();

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Count(command);
        return new(result);
    }

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<DbDataReader> result,
        CancellationToken cancellationToken = default)
    {
        Count(command);
        return new(result);
    }

    public override ValueTask<int> NonQueryExecutedAsync(
        DbCommand command, CommandExecutedEventData eventData, int result, CancellationToken cancellationToken = default) =>
        IsLost(command) ? throw new IOException("The answer is lost.") : new(result);

    public override async ValueTask<DbDataReader> ReaderExecutedAsync(
        DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
    {
        if (!IsLost(command))
        {
            return result;
        }

        await result.DisposeAsync();
        throw new IOException("The answer is lost.");
    }

    private void Count(DbCommand command)
    {
        if (IsOfKind(command))
        {
            Interlocked.Increment(ref _sent);
        }
    }

    private bool IsLost(DbCommand command) => IsOfKind(command) && Sent == 1;

    private bool IsOfKind(DbCommand command) => command.CommandText.Contains(statement, StringComparison.Ordinal);

    private sealed class Repeating(ExecutionStrategyDependencies dependencies) : IExecutionStrategyFactory
    {
        public IExecutionStrategy Create() => new Strategy(dependencies);
    }

    private sealed class Strategy(ExecutionStrategyDependencies dependencies)
        : ExecutionStrategy(dependencies, maxRetryCount: 3, maxRetryDelay: TimeSpan.FromMilliseconds(1))
    {
        protected override bool ShouldRetryOn(Exception exception) => exception is IOException;
    }
}
