namespace TokenRefresh.Handling;

/// <summary>
/// The notes that the handlers of one client make about a request whose address service discovery looks up. The name in the request decides
/// whether the origin is allowed. The address that was found decides whether the token is sent. Notes of another client's handlers never
/// count.
/// </summary>
internal sealed class LookupChain
{
    private static int _count;

    private readonly RequestOption<Note> _notes = new("TokenRefresh.Lookup:" + Interlocked.Increment(ref _count));

    /// <summary>Notes the address that goes into service discovery.</summary>
    public void NoteNamed(HttpRequestMessage request) => _notes.Set(request, new Note { Named = request.RequestUri });

    /// <summary>Notes the address that came out of service discovery.</summary>
    public void NoteFound(HttpRequestMessage request)
    {
        if (_notes.Get(request) is { } note)
        {
            note.Found = request.RequestUri;
        }
    }

    /// <summary>Notes that our token may be attached, for this name; <see langword="null"/>: that it isn't.</summary>
    public void NoteToken(HttpRequestMessage request, Uri? name)
    {
        if (_notes.Get(request) is { } note)
        {
            note.TokenFor = name;
        }
        else if (name is not null)
        {
            _notes.Set(request, new Note { TokenFor = name });
        }
    }

    /// <summary>The name for which our token was attached; <see langword="null"/> if it wasn't.</summary>
    public Uri? TokenNameOf(HttpRequestMessage request) => _notes.Get(request)?.TokenFor;

    /// <summary>The name of the service that this request goes to, or the request's own address if it wasn't looked up.</summary>
    /// <remarks>If a redirect or another handler changed the found address, the result is that new address.</remarks>
    public Uri? NameOf(HttpRequestMessage request) =>
        _notes.Get(request) is { Named: { } named, Found: { } found } && Origin.IsSame(found, request.RequestUri)
            ? named
            : request.RequestUri;

    private sealed class Note
    {
        public Uri? Named { get; init; }

        public Uri? Found { get; set; }

        public Uri? TokenFor { get; set; }
    }
}
