namespace TokenRefresh;

/// <summary>
/// Says of a home-made <see cref="System.Net.Http.HttpContent"/> whether it can be sent twice. The framework's own contents don't need it:
/// bytes, strings, forms, JSON, seekable streams and multiparts of these are known.
/// </summary>
public interface IReplayableContent
{
    /// <summary>Whether a second serialization writes the same bytes as the first.</summary>
    bool CanReplay { get; }
}
