using System.Text;
using System.Text.RegularExpressions;

namespace TokenRefresh.Tests.Conventions;

/// <summary>
/// The code in a page, and whether a source file has it. White space counts as one blank. A <c>…</c> within a line stands for anything
/// that closes each bracket it opens; on a line of its own it stands for anything, further down in the same file.
/// </summary>
internal static partial class DocumentedCode
{
    private const char Elision = '…';

    /// <summary>The blocks of a page that are marked as C#, with the line they begin at.</summary>
    public static IEnumerable<(int Line, string Code)> BlocksOf(string page) => Block().Matches(page)
        .Select(block => (page[..block.Index].Count(character => character == '\n') + 1, block.Groups["code"].Value));

    /// <summary>Whether the source has the block, piece by piece.</summary>
    public static bool IsIn(string source, string code)
    {
        var pieces = new List<(string Text, bool IsFar)>();
        var isFar = true;
        foreach (var part in code.Split('\n').Select(line => line.Trim()).Aggregate(new List<string> { "" }, Gather))
        {
            foreach (var piece in part.Split(Elision))
            {
                pieces.Add((Normalise(piece), isFar));
                isFar = false;
            }

            isFar = true;
        }

        pieces.RemoveAll(piece => piece.Text.Length == 0 && piece.IsFar);
        return pieces.Count > 0 && IsIn(Normalise(source), 0, pieces, 0);
    }

    // Lines that are nothing but an elision part the block.
    private static List<string> Gather(List<string> parts, string line)
    {
        if (line is [Elision])
        {
            parts.Add("");
        }
        else
        {
            parts[^1] += line + "\n";
        }

        return parts;
    }

    private static bool IsIn(string source, int from, List<(string Text, bool IsFar)> pieces, int next)
    {
        if (next == pieces.Count)
        {
            return true;
        }

        var (text, isFar) = pieces[next];
        for (var at = source.IndexOf(text, from, StringComparison.Ordinal); at >= 0; at = at + 1 < source.Length ? source.IndexOf(text, at + 1, StringComparison.Ordinal) : -1)
        {
            if ((isFar || IsClosed(source.AsSpan(from, at - from))) && IsIn(source, at + text.Length, pieces, next + 1))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsClosed(ReadOnlySpan<char> text)
    {
        var depth = 0;
        foreach (var character in text)
        {
            depth += character is '(' or '{' or '[' ? 1 : character is ')' or '}' or ']' ? -1 : 0;
            if (depth < 0)
            {
                return false;
            }
        }

        return depth == 0;
    }

    private static string Normalise(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            result.Append(result.Length == 0 ? "" : " ").Append(word);
        }

        return result.ToString();
    }

    [GeneratedRegex(@"^[ ]*```csharp[ ]*\r?\n(?<code>.*?)\r?\n[ ]*```", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Block();
}
