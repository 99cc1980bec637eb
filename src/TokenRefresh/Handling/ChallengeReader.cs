namespace TokenRefresh.Handling;

/// <summary>
/// Reads one line of <c>WWW-Authenticate</c> leniently, in one pass: parameters without quotes or commas, semicolons for commas, single
/// quotes, quotes that don't match, several challenges in a line.
/// </summary>
internal ref struct ChallengeReader
{
    private readonly ReadOnlySpan<char> _ourScheme;
    private readonly bool _hasMatchingQuotes;
    private ReadOnlySpan<char> _rest;
    private bool _isAtStart;

    public ChallengeReader(string line, string ourScheme)
    {
        _rest = line.AsSpan();
        _ourScheme = ourScheme.AsSpan();
        _hasMatchingQuotes = HasMatchingQuotes(_rest);
        _isAtStart = true;
    }

    /// <summary>Whether a scheme was read: a challenge begins. Otherwise a parameter was read.</summary>
    public bool IsScheme { get; private set; }

    public bool IsOurScheme { get; private set; }

    public ReadOnlySpan<char> Name { get; private set; }

    public ReadOnlySpan<char> Value { get; private set; }

    /// <summary>Reads to the next scheme or parameter.</summary>
    /// <returns><see langword="false"/> at the end of the line.</returns>
    public bool Read()
    {
        while (SkipToWord())
        {
            var word = ReadWord();
            SkipSpaces();
            if (!_rest.IsEmpty && _rest[0] == '=')
            {
                _rest = _rest.Slice(1);
                SkipSpaces();
                Name = word;
                Value = ReadValue();
                IsScheme = _isAtStart = false;
                return true;
            }

            // Elsewhere a bare word is the rest of a value without quotes, unless it is a scheme that we know.
            IsOurScheme = IsOurs(word);
            if (word.Length > 0 && (_isAtStart || IsOurScheme))
            {
                IsScheme = true;
                _isAtStart = false;
                return true;
            }
        }

        return false;
    }

    private readonly bool IsOurs(ReadOnlySpan<char> word) =>
        word.Equals(_ourScheme, StringComparison.OrdinalIgnoreCase) || word.Equals("Bearer".AsSpan(), StringComparison.OrdinalIgnoreCase);

    private bool SkipToWord()
    {
        while (!_rest.IsEmpty)
        {
            var next = _rest[0];
            if (next == '"' && _hasMatchingQuotes)
            {
                ReadQuoted();
                continue;
            }

            if (next is not (' ' or '\t' or ',' or ';' or '"'))
            {
                return true;
            }

            _isAtStart |= next == ',';
            _rest = _rest.Slice(1);
        }

        return false;
    }

    private void SkipSpaces() => _rest = _rest.TrimStart(" \t".AsSpan());

    private ReadOnlySpan<char> ReadWord() => Take(_rest.IndexOfAny(" \t,;=\"".AsSpan()));

    private ReadOnlySpan<char> ReadValue() =>
        _rest.IsEmpty || _rest[0] != '"' || !_hasMatchingQuotes
            ? Take(_rest.IndexOfAny(" \t,;".AsSpan())).Trim("\"'".AsSpan())
            : ReadQuoted();

    private ReadOnlySpan<char> Take(int length)
    {
        var taken = length < 0 ? _rest : _rest.Slice(0, length);
        _rest = _rest.Slice(taken.Length);
        return taken;
    }

    // RFC 9110, section 5.6.4. Escapes are left as they are: no value that counts has one.
    private ReadOnlySpan<char> ReadQuoted()
    {
        var end = 1;
        while (end < _rest.Length && _rest[end] != '"')
        {
            end += _rest[end] == '\\' ? 2 : 1;
        }

        var value = _rest.Slice(1, Math.Min(end, _rest.Length) - 1);
        _rest = end + 1 < _rest.Length ? _rest.Slice(end + 1) : default;
        return value;
    }

    private static bool HasMatchingQuotes(ReadOnlySpan<char> line)
    {
        var isInside = false;
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"')
            {
                isInside = !isInside;
            }
            else if (isInside && line[i] == '\\')
            {
                i++;
            }
        }

        return !isInside;
    }
}
