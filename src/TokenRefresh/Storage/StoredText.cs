using System.Globalization;

namespace TokenRefresh.Storage;

/// <summary>
/// A record as one text, for stores that can only keep texts: a line with its revision and its times in milliseconds since 1970, then the
/// text as it is.
/// </summary>
internal sealed record StoredText(string Revision, DateTimeOffset WrittenAt, DateTimeOffset? KeepUntil, string Text)
{
    private const string Format = "tokenrefresh/2";

    // Until the year 9999.
    private const long MaxTime = 253_402_300_799_999;

    /// <summary>Creates the text of a new write.</summary>
    public static StoredText New(string text, TimeSpan? keepFor, DateTimeOffset now) =>
        new(Guid.NewGuid().ToString("N"), now, keepFor is { } time && time < DateTimeOffset.MaxValue - now ? now + time : null, text);

    /// <returns><see langword="null"/> if the value isn't of this format.</returns>
    public static StoredText? Read(string value)
    {
        var end = value.IndexOf('\n');
        var parts = end < 0 ? [] : value.Substring(0, end).Split(' ');
        return parts is [Format, { Length: > 0 } revision, var written, var keep]
            && Time(written) is { } writtenAt
            && (keep == "-" || Time(keep) is not null)
            ? new StoredText(revision, writtenAt, Time(keep), value.Substring(end + 1))
            : null;
    }

    public string Write() => $"{Format} {Revision} {Milliseconds(WrittenAt)} {(KeepUntil is { } time ? Milliseconds(time) : "-")}\n{Text}";

    /// <summary>Whether the record is no longer needed.</summary>
    public bool IsExpired(DateTimeOffset now) => KeepUntil <= now;

    /// <summary>The record at this time. Its age isn't negative, even if the clock was set back.</summary>
    public StoredRecord ToRecord(DateTimeOffset now) => new(Text, Revision, now > WrittenAt ? now - WrittenAt : TimeSpan.Zero);

    private static string Milliseconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);

    private static DateTimeOffset? Time(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds <= MaxTime
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;

    /// <summary>Returns no token.</summary>
    public override string ToString() => $"StoredText {{ Revision = {Revision}, WrittenAt = {WrittenAt:O} }}";
}
