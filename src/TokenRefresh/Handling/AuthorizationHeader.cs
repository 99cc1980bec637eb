using System.Runtime.CompilerServices;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Handling;

/// <summary>
/// The <c>Authorization</c> header of a request, as raw text. A header that this library set is recognized by its string instance. Each
/// token set has one instance, and a request object that an outer handler sends again still has it.
/// </summary>
internal static class AuthorizationHeader
{
    private const string Name = "Authorization";

    private static readonly ConditionalWeakTable<string, HeaderOwner> Owners = new();

    /// <summary>The unparsed value of the header; <see langword="null"/> if there is none.</summary>
    public static string? Read(HttpRequestMessage request)
    {
#if NET8_0_OR_GREATER
        var headers = request.Headers.NonValidated;
        return headers.Count > 0 && headers.TryGetValues(Name, out var values) ? values.ToString() : null;
#else
        return request.Headers.TryGetValues(Name, out var values) ? string.Join(", ", values) : null;
#endif
    }

    /// <summary>Sets the header to the token of this snapshot.</summary>
    public static void Attach(HttpRequestMessage request, SessionContext session, SignedInSnapshot snapshot)
    {
        Remove(request);
        Add(request, session, snapshot);
    }

    /// <summary>Adds the header with the token of this snapshot to a request that has none.</summary>
    public static void Add(HttpRequestMessage request, SessionContext session, SignedInSnapshot snapshot)
    {
        // The string was validated when its token set was created. A header object would cost more memory than the token.
        request.Headers.TryAddWithoutValidation(Name, snapshot.Header);
        if (!snapshot.IsHeaderKnown)
        {
            Remember(session, snapshot);
        }
    }

    public static void Remove(HttpRequestMessage request) => request.Headers.Remove(Name);

    /// <summary>Finds out whose token a header carries; <see langword="null"/> if the header isn't ours.</summary>
    /// <remarks>If a handler parsed the header, it is a new string of the same text.</remarks>
    public static HeaderOwner? FindOwner(string header, SessionServices services) =>
        Owners.TryGetValue(header, out var owner) ? owner
        : header.StartsWith(services.Options.Scheme, StringComparison.OrdinalIgnoreCase)
            ? HandlerMemory.Of(services).RecentHeaders.Find(header)
        : null;

    /// <summary>
    /// Whether the header is empty, or a scheme without a token, as Refit's <c>[Headers("Authorization: Bearer")]</c> sets it.
    /// </summary>
    public static bool IsPlaceholder(string header, string scheme) =>
        header.AsSpan().Trim(" \t,".AsSpan()) is var word
        && (word.IsEmpty
            || word.Equals(scheme.AsSpan(), StringComparison.OrdinalIgnoreCase)
            || word.Equals("Bearer".AsSpan(), StringComparison.OrdinalIgnoreCase));

    private static void Remember(SessionContext session, SignedInSnapshot snapshot)
    {
        var owner = new HeaderOwner(session.Services, session.UserKey, snapshot.LoginId);
        HandlerMemory.Of(session.Services).RecentHeaders.Add(snapshot.Header, owner);
        _ = Owners.GetValue(snapshot.Header, _ => owner);
        snapshot.MarkHeaderKnown();
    }
}

/// <summary>Whose token an <c>Authorization</c> header of ours carries.</summary>
internal sealed class HeaderOwner(SessionServices services, string? userKey, LoginId loginId)
{
    /// <summary>The login that the token belongs to.</summary>
    public LoginId LoginId => loginId;

    /// <summary>Whether the token belongs to this session, whichever login it is of.</summary>
    public bool IsOf(SessionContext session) => ReferenceEquals(session.Services, services) && session.UserKey == userKey;
}
