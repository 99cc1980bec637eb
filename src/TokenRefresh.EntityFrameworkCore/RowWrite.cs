namespace TokenRefresh.EntityFrameworkCore;

/// <summary>The result of a statement that writes one row.</summary>
internal enum RowWrite
{
    /// <summary>The row is there, with the values of the statement if it is an update.</summary>
    Done,

    /// <summary>No row matches the condition.</summary>
    NoRow,

    /// <summary>The database has ended the statement because another one was faster.</summary>
    Conflict,
}
