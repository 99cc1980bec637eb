using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;

namespace TokenRefresh.EntityFrameworkCore;

/// <summary>Finds the failures that waiting doesn't end: a table, a column or a right is missing, or has another form.</summary>
internal static class ConfigurationErrors
{
    // SQL states of PostgreSQL and of ODBC (MySQL). SQLite, SQL Server and Oracle have none: they have a text.
    private static readonly string[] MissingStates = ["42P01", "42703", "42809", "42S02", "42S22"];
    private static readonly string[] MissingTexts =
        ["no such table", "no such column", "Invalid object name", "Invalid column name", "ORA-00942", "ORA-00904"];

    private static readonly string[] TooShortStates = ["22001"];
    private static readonly string[] TooShortTexts = ["would be truncated", "ORA-12899"];

    // A number or a time that isn't one: MySQL converts first, and then refuses the value.
    private static readonly string[] WrongTypeStates = ["42883", "42804", "22003", "22007"];
    private static readonly string[] WrongTypeTexts =
    [
        "Incorrect integer value", "Incorrect string value", "Incorrect datetime value", "Out of range value", "Data truncated for column",
    ];

    private static readonly string[] NoRightStates = ["42501"];
    private static readonly string[] NoRightTexts = ["command denied to user"];

    // The app has added columns or rules to the table: NOT NULL, FOREIGN KEY, CHECK. 23000 is MySQL's state for all of them, and for a
    // duplicate key, which is no error of the configuration.
    private static readonly string[] ConstraintStates = ["23502", "23503", "23514", "23000"];
    private static readonly string[] ConstraintTexts =
    [
        "NOT NULL constraint failed", "CHECK constraint failed", "FOREIGN KEY constraint failed", "Cannot insert the value NULL",
        "statement conflicted with", "doesn't have a default value", "Check constraint", "ORA-01400", "ORA-02290", "ORA-02291",
    ];

    private static readonly string[] Times = [nameof(TokenSessionEntity.WrittenAt), nameof(TokenSessionEntity.ExpiresAt)];

    /// <summary>Checks what is known without a connection.</summary>
    /// <exception cref="TokenStoreConfigurationException">
    /// The model lacks the table or maps it in another way, the database isn't relational, or the context has a transaction.
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

        if (!IsInOneTable(entity))
        {
            throw new TokenStoreConfigurationException(
                $"The model of {name} doesn't map all properties of TokenSessionEntity to one table. Remove ToView, SplitToTable and "
                + $"Ignore for it from {name}.OnModelCreating.");
        }

        if (Times.Any(time => IsConverted(entity.FindProperty(time))))
        {
            throw new TokenStoreConfigurationException(AdviseOnTypes(name, entity.GetSchemaQualifiedTableName()));
        }

        if (context.Database.CurrentTransaction is not null)
        {
            throw new TokenStoreConfigurationException(
                $"A new {name} already has a transaction, which would include the tokens. Begin transactions only where the app uses them: "
                + "not while the context is created.");
        }
    }

    /// <summary>
    /// Reports that the times of a row and of the database have different types. Their difference would be off by the time zone of the
    /// connection.
    /// </summary>
    public static TokenStoreConfigurationException OfTimes(DbContext context) =>
        new(AdviseOnTypes(context.GetType().Name, TableOf(context)));

    /// <summary>Says what is wrong and what to do, or gives <see langword="null"/> if waiting can help.</summary>
    public static string? Explain(Exception exception, DbContext context)
    {
        var name = context.GetType().Name;
        var table = TableOf(context);

        // Thrown by the provider itself: it can't translate a comparison. An interceptor of the app may throw the same.
        if (exception is NotSupportedException && exception.Source == context.Database.ProviderName)
        {
            return AdviseOnTypes(name, table);
        }

        return exception.FindInner<DbException>() is { } cause && Advise(cause, name, table) is { } advice
            ? $"{advice} ({CodeOf(cause)}.)"
            : null;
    }

    private static string? TableOf(DbContext context) =>
        context.Model.FindEntityType(typeof(TokenSessionEntity))?.GetSchemaQualifiedTableName();

    private static string? Advise(DbException cause, string name, string? table)
    {
        if (cause.Is(NoRightStates, NoRightTexts))
        {
            return $"The database user of {name} lacks rights on the table {table}, or a policy of row-level security refuses its rows. "
                + "Grant it SELECT, INSERT, UPDATE and DELETE, and exclude the table from such policies.";
        }

        if (cause.Is(TooShortStates, TooShortTexts))
        {
            return $"A column of the table {table} is too short. Keep the lengths of modelBuilder.AddTokenSessions(): the column Text of "
                + $"{name} has no limit. Add a migration and apply it.";
        }

        if (cause.Is(WrongTypeStates, WrongTypeTexts))
        {
            return AdviseOnTypes(name, table);
        }

        if (!DatabaseErrors.IsDuplicate(cause) && cause.Is(ConstraintStates, ConstraintTexts))
        {
            return $"A column or a constraint that the app has added to the table {table} refuses the row of a session. Make such columns "
                + "nullable or give them a default in the database, and remove foreign keys and checks.";
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
            + MissingTexts.Concat(TooShortTexts).Concat(WrongTypeTexts).Concat(NoRightTexts).Concat(ConstraintTexts)
                .First(text => cause.Message.Contains(text, StringComparison.Ordinal));

    private static string AdviseOnTypes(string name, string? table) =>
        $"A column of the table {table} has a column type or a conversion that the store can't use. WrittenAt and ExpiresAt must have the "
        + $"type of the database's clock. Remove HasColumnType and HasConversion for TokenSessionEntity from {name}.OnModelCreating, add a "
        + "migration and apply it.";

    private static bool IsInOneTable(IEntityType entity) => StoreObjectIdentifier.Create(entity, StoreObjectType.Table) is { } table
        && typeof(TokenSessionEntity).GetProperties().All(own => entity.FindProperty(own.Name)?.GetColumnName(table) is not null);

    private static bool IsConverted(IProperty? property) =>
        property?.GetValueConverter() is not null || property?.GetProviderClrType() is not null;
}
