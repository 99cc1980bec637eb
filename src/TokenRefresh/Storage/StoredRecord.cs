namespace TokenRefresh;

/// <summary>A record as an <see cref="ITokenStore"/> holds it.</summary>
/// <param name="text">The text, exactly as it was written.</param>
/// <param name="revision">The store's mark of this write, such as an ETag. It is only compared, never interpreted.</param>
/// <param name="age">The time since the record was written, by the store's clock. Never negative.</param>
public readonly struct StoredRecord(string text, string revision, TimeSpan age)
{
    /// <summary>The text, exactly as it was written.</summary>
    public string Text { get; } = text;

    /// <summary>The store's mark of this write, such as an ETag.</summary>
    public string Revision { get; internal init; } = revision;

    /// <summary>The time since the record was written, by the store's clock.</summary>
    public TimeSpan Age { get; internal init; } = age;
}
