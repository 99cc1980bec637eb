namespace TokenRefresh.Handling;

/// <summary>
/// The handlers of one client whose addresses service discovery looks up, and what they note about a request. The address that is looked up
/// decides whether its origin is allowed; the address that is found decides whether the token may travel. A note of another client's
/// handlers never counts.
/// </summary>
internal sealed class LookupChain
{
    private static int _count;

#if NET8_0_OR_GREATER
    private readonly HttpRequestOptionsKey<Note> _key = new("TokenRefresh.Lookup:" + Interlocked.Increment(ref _count));
#else
    private readonly string _key = "TokenRefresh.Lookup:" + Interlocked.Increment(ref _count);
#endif

    /// <summary>Notes the address that goes into service discovery.</summary>
    public void NoteNamed(HttpRequestMessage request) => Set(request, new Note { Named = request.RequestUri });

    /// <summary>Notes the address that came out of service discovery.</summary>
    public void NoteFound(HttpRequestMessage request)
    {
        if (Get(request) is { } note)
        {
            note.Found = request.RequestUri;
        }
    }

    /// <summary>Notes that our token may be attached, for this name; <see langword="null"/>: that it isn't.</summary>
    public void NoteToken(HttpRequestMessage request, Uri? name)
    {
        if (Get(request) is { } note)
        {
            note.TokenFor = name;
        }
        else if (name is not null)
        {
            Set(request, new Note { TokenFor = name });
        }
    }

    /// <summary>The name for which our token was attached; <see langword="null"/> if it wasn't.</summary>
    public Uri? TokenNameOf(HttpRequestMessage request) => Get(request)?.TokenFor;

    /// <summary>The service that this request goes to: the address that was looked up, or the request's own, which may still be.</summary>
    /// <remarks>An address that something else made of the found one, such as a redirect, stands for itself.</remarks>
    public Uri? NameOf(HttpRequestMessage request) =>
        Get(request) is { Named: { } named, Found: { } found } && Origin.IsSame(found, request.RequestUri) ? named : request.RequestUri;

    private void Set(HttpRequestMessage request, Note note)
    {
#if NET8_0_OR_GREATER
        request.Options.Set(_key, note);
#else
        request.Properties[_key] = note;
#endif
    }

    private Note? Get(HttpRequestMessage request)
    {
#if NET8_0_OR_GREATER
        return request.Options.TryGetValue(_key, out var note) ? note : null;
#else
        return request.Properties.TryGetValue(_key, out var note) ? note as Note : null;
#endif
    }

    private sealed class Note
    {
        public Uri? Named { get; init; }

        public Uri? Found { get; set; }

        public Uri? TokenFor { get; set; }
    }
}
