using System.Data.Common;

namespace TokenRefresh.EntityFrameworkCore;

/// <summary>Reads what a database has answered. Providers report the same error in different ways.</summary>
internal static class DatabaseErrors
{
    // A transaction that can't be serialized, and a deadlock. SQL Server and MariaDB, for a snapshot, have only a text.
    private static readonly string[] ConflictStates = ["40001", "40P01"];
    private static readonly string[] ConflictTexts = ["deadlock victim", "Record has changed since last read"];
    private static readonly string[] DuplicateStates = ["23505"];
    private static readonly string[] DuplicateTexts = ["UNIQUE constraint failed", "duplicate key", "Duplicate entry", "ORA-00001"];

    /// <summary>Whether the database has rolled the statement back because another one was faster.</summary>
    public static bool IsConflict(Exception exception) => exception.FindInner<DbException>()?.Is(ConflictStates, ConflictTexts) == true;

    /// <summary>Whether there was a row with this key when the statement ran.</summary>
    public static bool IsDuplicate(Exception exception) => exception.FindInner<DbException>()?.Is(DuplicateStates, DuplicateTexts) == true;

    public static bool Is(this DbException cause, string[] states, string[] texts) =>
        states.Contains(cause.SqlState, StringComparer.Ordinal)
        || texts.Any(text => cause.Message.Contains(text, StringComparison.Ordinal));
}
