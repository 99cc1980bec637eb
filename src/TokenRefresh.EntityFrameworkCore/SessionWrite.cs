namespace TokenRefresh.EntityFrameworkCore;

/// <summary>A record that is to be written.</summary>
/// <param name="Name">The key of the row.</param>
/// <param name="Text">The record's text.</param>
/// <param name="Revision">The revision of this write.</param>
/// <param name="KeepFor">How long the record is needed, or <see langword="null"/> if that isn't known.</param>
internal sealed record SessionWrite(string Name, string Text, string Revision, TimeSpan? KeepFor)
{
    // A record may always be kept for longer.
    public double? KeepForSeconds => KeepFor <= Seconds.Longest ? Seconds.Of(KeepFor.Value) : null;

    /// <summary>The record as it is stored by this write.</summary>
    public StoredRecord Stored => new(Text, Revision, TimeSpan.Zero);

    /// <summary>
    /// Whether a write can have given this revision. A collation may take texts of another case, or with a space at the end, for equal.
    /// </summary>
    public static bool IsRevision(string text) => Guid.TryParseExact(text, "N", out var id) && NameOf(id) == text;

    /// <summary>Gives the revision of the next write.</summary>
    public static string NewRevision() => NameOf(Guid.NewGuid());

    /// <summary>The text can hold tokens and isn't shown.</summary>
    public override string ToString() => nameof(SessionWrite);

    private static string NameOf(Guid id) => id.ToString("N");
}
