namespace TokenRefresh;

/// <summary>A record as an <see cref="ITokenStore"/> holds it.</summary>
/// <param name="Text">The text, exactly as it was written.</param>
/// <param name="Revision">The store's mark of this write, such as an ETag. It is only compared, never interpreted.</param>
/// <param name="Age">The time since the record was written, by the store's clock. Never negative.</param>
public readonly record struct StoredRecord(string Text, string Revision, TimeSpan Age)
{
    /// <summary>Returns the revision and the age. The text isn't shown, because it can contain tokens.</summary>
    /// <returns>A description without secrets.</returns>
    public override string ToString() => $"StoredRecord {{ Text = [redacted], Revision = {Revision}, Age = {Age} }}";
}
