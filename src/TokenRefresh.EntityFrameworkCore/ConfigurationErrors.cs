using System;
using System.Data.Common;
using System.Linq;
using Microsoft.EntityFrameworkCore;

namespace TokenRefresh.EntityFrameworkCore;

/// <summary>Finds the failures that waiting doesn't end: a table, a column or a right is missing.</summary>
internal static class ConfigurationErrors
{
    // SQL states of PostgreSQL and of ODBC (MySQL). SQLite, SQL Server and Oracle have none: they have a text.
    private static readonly string[] MissingStates = ["42P01", "42703", "42S02", "42S22"];
    private static readonly string[] MissingTexts =
        ["no such table", "no such column", "Invalid object name", "Invalid column name", "ORA-00942", "ORA-00904"];

    private const string NoRightState = "42501";

    /// <summary>Checks what is known without a connection.</summary>
    /// <exception cref="TokenStoreConfigurationException">The model lacks the table, or the database isn't relational.</exception>
    public static void ThrowIfUnmapped(DbContext context)
    {
        var name = context.GetType().Name;
        if (context.Model.FindEntityType(typeof(TokenSessionEntity)) is null)
        {
            throw new TokenStoreConfigurationException(
                $"The model of {name} has no table for the tokens. Add modelBuilder.AddTokenSessions() to {name}.OnModelCreating, "
                + "and a migration.");
        }

        if (!context.Database.IsRelational())
        {
            throw new TokenStoreConfigurationException(
                $"The database of {name} isn't relational, so it can't keep tokens. Use a relational provider; in tests, use SQLite or "
                + "MemoryTokenStore.");
        }
    }

    /// <summary>Whether waiting doesn't help.</summary>
    public static bool IsOne(Exception exception) =>
        FindCause(exception) is { } cause && (IsMissing(cause) || cause.SqlState == NoRightState);

    /// <summary>Says what is wrong and what to do.</summary>
    public static TokenStoreConfigurationException Explain(Exception exception, DbContext context)
    {
        var name = context.GetType().Name;
        var table = context.Model.FindEntityType(typeof(TokenSessionEntity))?.GetSchemaQualifiedTableName();
        return new TokenStoreConfigurationException(FindCause(exception)?.SqlState == NoRightState
            ? $"The database user of {name} lacks rights on the table {table}. Grant it SELECT, INSERT, UPDATE and DELETE."
            : $"The database of {name} has no table {table}, or one of another version. Check that {name}.OnModelCreating calls "
            + "modelBuilder.AddTokenSessions(), add a migration (dotnet ef migrations add TokenSessions) and apply it.");
    }

    private static DbException? FindCause(Exception? exception)
    {
        while (exception is not (null or DbException))
        {
            exception = exception.InnerException;
        }

        return (DbException?)exception;
    }

    private static bool IsMissing(DbException cause) =>
        MissingStates.Contains(cause.SqlState, StringComparer.Ordinal)
        || MissingTexts.Any(text => cause.Message.Contains(text, StringComparison.Ordinal));
}
