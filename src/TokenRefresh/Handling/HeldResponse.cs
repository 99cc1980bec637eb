namespace TokenRefresh.Handling;

/// <summary>
/// The rejection of a request that waits for a new token. Its body is read into memory, so that other requests can use the connection.
/// </summary>
internal readonly struct HeldResponse(HttpResponseMessage response, ReadAheadBody? body)
{
    // The type of the content that .NET sets if a response has none. Reading the length of such content would create headers for it.
    private static readonly Type? NoContent = new HttpResponseMessage().Content?.GetType();

    public HttpResponseMessage Response => response;

    /// <summary>A response whose request doesn't wait yet: its body stays where it is.</summary>
    public static HeldResponse Of(HttpResponseMessage response) => new(response, body: null);

    /// <summary>Starts to read the body ahead, unless that has started: 64 KiB at most, and for 2 s at most.</summary>
    public HeldResponse Hold(TimeProvider time)
    {
        if (body is not null || !IsOnConnection(response) || ReadAheadBody.TryOpen(response) is not { } opened)
        {
            return this;
        }

        _ = opened.ReadAheadAsync(time);
        return new HeldResponse(response, opened);
    }

    /// <summary>Returns the response to the caller at once. The caller reads the part that has arrived, and then the rest.</summary>
    public HttpResponseMessage ReturnToCaller()
    {
        body?.Stop();
        return response;
    }

    /// <summary>Disposes the response. A read that is running is cancelled first.</summary>
    public void Discard() => response.DisposeQuietly();

    private static bool IsOnConnection(HttpResponseMessage response) =>
        response.Content is { } content
        && content is not ByteArrayContent
        && content.GetType() != NoContent
        && content.LengthOrZero() is not (0 or > ReadAheadBody.MaxLength);
}
