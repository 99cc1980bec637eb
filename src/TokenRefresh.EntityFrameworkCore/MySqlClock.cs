using System.Collections;
using System.Linq.Expressions;
using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Query;

namespace TokenRefresh.EntityFrameworkCore;

/// <summary>The clock of MySQL and MariaDB, with microseconds.</summary>
/// <remarks>
/// Their provider translates <c>DateTime.UtcNow</c> to <c>UTC_TIMESTAMP()</c>, which has whole seconds only. So an age could be wrong by
/// one second. A query of these rows gets <c>UTC_TIMESTAMP(6)</c> in its place.
/// </remarks>
internal static class MySqlClock
{
    private static readonly MethodInfo Max = new Func<IQueryable<DateTime>, DateTime>(Queryable.Max).Method;

    /// <summary>Whether the provider is one of MySQL or MariaDB.</summary>
    public static bool IsOf(DbContext context) =>
        context.Database.ProviderName?.Contains("MySql", StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>Gives the same rows, whose queries use the precise clock.</summary>
    public static IQueryable<T> Apply<T>(IQueryable<T> rows, DbContext context)
    {
        // An aggregate of the one row: EF Core warns about a First without an order.
        var clock = context.Database.SqlQueryRaw<DateTime>("SELECT UTC_TIMESTAMP(6) AS `Value`");
        var replacement = new Replacement(Expression.Call(Max, clock.Expression));
        return new Query<T>(rows, new Provider((IAsyncQueryProvider)rows.Provider, replacement));
    }

    private sealed class Replacement(Expression clock) : ExpressionVisitor
    {
#pragma warning disable RS0030 // It is never read.
        protected override Expression VisitMember(MemberExpression node) =>
            node.Member.Name == nameof(DateTime.UtcNow) && node.Member.DeclaringType == typeof(DateTime) ? clock : base.VisitMember(node);
#pragma warning restore RS0030
    }

    private sealed class Provider(IAsyncQueryProvider inner, Replacement replacement) : IAsyncQueryProvider
    {
        public IQueryable CreateQuery(Expression expression) => throw new NotSupportedException();

        public IQueryable<T> CreateQuery<T>(Expression expression) => new Query<T>(inner.CreateQuery<T>(expression), this);

        public object? Execute(Expression expression) => throw new NotSupportedException();

        public T Execute<T>(Expression expression) => inner.Execute<T>(replacement.Visit(expression));

        public T ExecuteAsync<T>(Expression expression, CancellationToken cancellationToken = default) =>
            inner.ExecuteAsync<T>(replacement.Visit(expression), cancellationToken);
    }

    private sealed class Query<T>(IQueryable<T> rows, Provider provider) : IQueryable<T>
    {
        public Type ElementType => rows.ElementType;

        public Expression Expression => rows.Expression;

        public IQueryProvider Provider => provider;

        public IEnumerator<T> GetEnumerator() => provider.Execute<IEnumerable<T>>(Expression).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
