namespace TokenRefresh;

/// <summary>
/// Implement this on a custom <see cref="System.Net.Http.HttpContent"/> to allow it to be sent again with a new token. The framework's own
/// content types don't need it: bytes, strings, forms, JSON, seekable streams, and multipart content of these. Types that derive from these
/// and don't override how they are written don't need it either.
/// </summary>
/// <remarks>
/// In apps without dynamic code (native AOT, and release builds for iOS) a derived type isn't sent again without this interface: the
/// handler can't see there whether the type overrides how it is written.
/// <para>
/// Over HTTP/2 and HTTP/3 a 401 can arrive while the content is still being written. The handler then waits until that write has ended, so
/// the content is never written twice at once. If the write takes longer than two seconds, the caller gets the 401. For such requests,
/// inner handlers see a stand-in with the same headers in place of the content.
/// </para>
/// </remarks>
public interface IReplayableContent
{
    /// <summary>Whether a second serialization writes the same bytes as the first.</summary>
    /// <value>
    /// The handler reads it after a 401, when the first serialization has begun or is over. If it is <see langword="false"/> or throws, the
    /// content isn't sent again, and the caller gets the 401. Return <see langword="false"/> once the content is disposed.
    /// </value>
    bool CanReplay { get; }
}
