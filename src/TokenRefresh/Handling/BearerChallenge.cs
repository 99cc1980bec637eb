namespace TokenRefresh.Handling;

/// <summary>Reads what a 401 asks for (RFC 9110, section 11.6.1; RFC 6750, section 3).</summary>
internal static class BearerChallenge
{
    private const string HeaderName = "WWW-Authenticate";

    // RFC 6750, section 3.1; RFC 9470, section 3; Microsoft's claims challenge; RFC 9449, section 9.
    private static readonly string[] BeyondRefresh =
        ["insufficient_scope", "insufficient_user_authentication", "insufficient_claims", "use_dpop_nonce"];

    /// <summary>Reads the challenges of a response. <c>Bearer</c> counts as ours beside the configured scheme.</summary>
    public static RequestedRemedy Read(HttpResponseMessage response, string scheme)
    {
        var found = default(Findings);
#if NET8_0_OR_GREATER
        // Read the unparsed lines: .NET's own parser leaves out each line that it can't parse.
        if (response.Headers.NonValidated.TryGetValues(HeaderName, out var lines))
#else
        if (response.Headers.TryGetValues(HeaderName, out var lines))
#endif
        {
            foreach (var line in lines)
            {
                ReadLine(line, scheme, ref found);
            }
        }

        return found.AsksForNewToken ? RequestedRemedy.NewToken
            : found.AsksForMore ? RequestedRemedy.SomethingElse
            : found.HasOtherScheme && !found.HasOurs ? RequestedRemedy.OtherScheme
            : RequestedRemedy.NewToken;
    }

    private static void ReadLine(string line, string scheme, ref Findings found)
    {
        var reader = new ChallengeReader(line, scheme);
        var isOurs = true;
        while (reader.Read())
        {
            if (reader.IsScheme)
            {
                isOurs = reader.IsOurScheme;
                found.HasOurs |= isOurs;
                found.HasOtherScheme |= !isOurs;
                found.EndChallenge();
            }
            else if (isOurs)
            {
                found.AddParameter(reader.Name, reader.Value);
            }
        }

        found.EndChallenge();
    }

    /// <summary>What the challenges say, taken together.</summary>
    private struct Findings
    {
        public bool HasOurs;
        public bool HasOtherScheme;

        // A challenge names an error that a new token may remove, or one that it can't remove.
        public bool AsksForNewToken;
        public bool AsksForMore;

        private bool _hasError;
        private bool _isBeyondRefresh;

        public void AddParameter(ReadOnlySpan<char> name, ReadOnlySpan<char> value)
        {
            if (name.Equals("claims".AsSpan(), StringComparison.OrdinalIgnoreCase))
            {
                _isBeyondRefresh = true;
            }
            else if (name.Equals("error".AsSpan(), StringComparison.OrdinalIgnoreCase))
            {
                _hasError = true;
                foreach (var error in BeyondRefresh)
                {
                    _isBeyondRefresh |= value.Equals(error.AsSpan(), StringComparison.OrdinalIgnoreCase);
                }
            }
        }

        public void EndChallenge()
        {
            AsksForMore |= _isBeyondRefresh;
            AsksForNewToken |= _hasError && !_isBeyondRefresh;
            _hasError = _isBeyondRefresh = false;
        }
    }
}

/// <summary>What a 401 asks the client for.</summary>
internal enum RequestedRemedy
{
    /// <summary>A new access token: there is no challenge, or one of our scheme that doesn't ask for anything else.</summary>
    NewToken,

    /// <summary>Something that a refresh can't give: more scope, a stronger login, claims, a proof.</summary>
    SomethingElse,

    /// <summary>Another scheme: none of the challenges is of ours.</summary>
    OtherScheme,
}
