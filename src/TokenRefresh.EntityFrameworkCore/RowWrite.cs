namespace TokenRefresh.EntityFrameworkCore;

/// <summary>What a statement did that writes one row.</summary>
internal enum RowWrite
{
    /// <summary>The row is there as it was to be written.</summary>
    Done,

    /// <summary>No row had the condition.</summary>
    NoRow,

    /// <summary>The database has ended the statement because of another one.</summary>
    Conflict,
}
