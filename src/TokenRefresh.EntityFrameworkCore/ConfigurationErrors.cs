using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace TokenRefresh.EntityFrameworkCore;

/// <summary>Finds the failures that waiting doesn't end: a table, a column or a right is missing, or has another form.</summary>
internal static class ConfigurationErrors
{
    // SQL states of PostgreSQL and of ODBC (MySQL). SQLite, SQL Server and Oracle have none: they have a text.
    private static readonly string[] MissingStates = ["42P01", "42703", "42S02", "42S22"];
    private static readonly string[] MissingTexts =
        ["no such table", "no such column", "Invalid object name", "Invalid column name", "ORA-00942", "ORA-00904"];

    private static readonly string[] TooShortStates = ["22001"];
    private static readonly string[] TooShortTexts = ["would be truncated", "ORA-12899"];
    private static readonly string[] WrongTypeStates = ["42883", "42804"];
    private static readonly string[] NoRightStates = ["42501"];

    private static readonly string[] Times = [nameof(TokenSessionEntity.WrittenAt), nameof(TokenSessionEntity.ExpiresAt)];

    /// <summary>Checks what is known without a connection.</summary>
    /// <exception cref="TokenStoreConfigurationException">
    /// The model lacks the table or converts its times, the database isn't relational, or the context has a transaction.
    /// </exception>
    public static void ThrowIfUnfit(DbContext context)
    {
        var name = context.GetType().Name;
        if (context.Model.FindEntityType(typeof(TokenSessionEntity)) is not { } entity)
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

        if (Times.Any(time => IsConverted(entity.FindProperty(time))))
        {
            throw new TokenStoreConfigurationException(AdviseOnTimes(name, entity.GetSchemaQualifiedTableName()));
        }

        if (context.Database.CurrentTransaction is not null)
        {
            throw new TokenStoreConfigurationException(
                $"A new {name} already has a transaction, which would include the tokens. Begin transactions only where the app uses them: "
                + "not while the context is created.");
        }
    }

    /// <summary>Says what is wrong and what to do, or gives <see langword="null"/> if waiting can help.</summary>
    public static string? Explain(Exception exception, DbContext context)
    {
        var name = context.GetType().Name;
        var table = context.Model.FindEntityType(typeof(TokenSessionEntity))?.GetSchemaQualifiedTableName();
        if (exception is NotSupportedException)
        {
            return AdviseOnTimes(name, table);
        }

        return DatabaseErrors.Find(exception) is { } cause && Advise(cause, name, table) is { } advice
            ? $"{advice} ({CodeOf(cause)}.)"
            : null;
    }

    private static string? Advise(DbException cause, string name, string? table)
    {
        if (cause.Is(NoRightStates, []))
        {
            return $"The database user of {name} lacks rights on the table {table}, or a policy of row-level security refuses its rows. "
                + "Grant it SELECT, INSERT, UPDATE and DELETE, and exclude the table from such policies.";
        }

        if (cause.Is(TooShortStates, TooShortTexts))
        {
            return $"A column of the table {table} is too short. Keep the lengths of modelBuilder.AddTokenSessions(): the column Text of "
                + $"{name} has no limit. Add a migration and apply it.";
        }

        if (cause.Is(WrongTypeStates, []))
        {
            return AdviseOnTimes(name, table);
        }

        return cause.Is(MissingStates, MissingTexts)
            ? $"The database of {name} has no table {table}, or one of another version. Check that {name}.OnModelCreating calls "
                + "modelBuilder.AddTokenSessions(), add a migration (dotnet ef migrations add TokenSessions) and apply it."
            : null;
    }

    // The whole message could hold values, and isn't shown.
    private static string CodeOf(DbException cause) => cause.SqlState is { } state
        ? $"SQL state {state}"
        : "The database answers: "
            + MissingTexts.Concat(TooShortTexts).First(text => cause.Message.Contains(text, StringComparison.Ordinal));

    private static string AdviseOnTimes(string name, string? table) =>
        $"The columns WrittenAt and ExpiresAt of the table {table} have a column type or a conversion that can't be compared with the "
        + $"database's clock. Remove HasColumnType and HasConversion for them from {name}.OnModelCreating, add a migration and apply it.";

    private static bool IsConverted(IProperty? property) =>
        property?.GetValueConverter() is not null || property?.GetProviderClrType() is not null;
}
