using System.Text.RegularExpressions;

namespace TokenRefresh.Tests.Conventions;

/// <summary>docs/messages.md and docs/no-token.md say what the code logs and throws.</summary>
public sealed partial class MessagesPageTests
{
    // Rows that quote a message begin with it. A log line's row begins with its id instead.
    private const string QuotedRow = "| `";

    private static readonly string Page = Read("messages.md");

    private static readonly Lazy<string> Sources = new(() => string.Join('\n', SourceFiles().Select(file => JoinTexts(File.ReadAllText(file)))));

    [Fact]
    public void Every_log_event_has_a_row_with_its_id_and_level()
    {
        var events = SourceFiles().SelectMany(file => LogEvent().Matches(File.ReadAllText(file))).ToList();

        Assert.True(events.Count > 30, $"{events.Count} log events were found below src.");
        Assert.All(events, entry =>
            Assert.Contains($"| {entry.Groups["id"].Value} | `{entry.Groups["name"].Value}` | {entry.Groups["level"].Value} |", Page, StringComparison.Ordinal));
    }

    [Fact]
    public void The_page_lists_no_log_event_that_does_not_exist()
    {
        var events = SourceFiles().SelectMany(file => LogEvent().Matches(File.ReadAllText(file))).Select(entry => entry.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);

        Assert.All(LogRow().Matches(Page).Select(row => row.Groups["name"].Value), name => Assert.Contains(name, events));
    }

    // The generator of log messages writes several classes in another order each time: two builds of the same sources would differ.
    [Fact]
    public void An_assembly_has_at_most_one_class_of_log_messages() => Assert.All(
        SourceFiles().Where(file => LogEvent().IsMatch(File.ReadAllText(file))).GroupBy(file => Path.GetRelativePath(ConventionTests.Root, file).Split('/', '\\')[1]),
        files => Assert.Single(files));

    [Theory]
    [InlineData("messages.md")]
    [InlineData("no-token.md")]
    public void A_quoted_message_is_a_message_of_the_code(string page)
    {
        var quoted = Read(page).Split('\n')
            .Where(line => line.StartsWith(QuotedRow, StringComparison.Ordinal))
            .SelectMany(line => Quote().Matches(line.Split('|')[1]).Select(quote => quote.Groups["text"].Value))
            .SelectMany(text => text.Split('…', StringSplitOptions.RemoveEmptyEntries))
            .ToList();

        Assert.True(quoted.Count > 5, $"{page} quotes {quoted.Count} messages.");
        Assert.All(quoted, text => Assert.True(Sources.Value.Contains(text.Trim(), StringComparison.Ordinal), $"{page}: no message of src contains \"{text}\"."));
    }

    private static IEnumerable<string> SourceFiles() => Directory
        .EnumerateFiles(Path.Combine(ConventionTests.Root, "src"), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Split('/', '\\').Any(folder => folder is "obj" or "bin"));

    // "a " + $"b" is the text "a b".
    private static string JoinTexts(string source) => Join().Replace(source, "");

    private static string Read(string page) => File.ReadAllText(Path.Combine(ConventionTests.Root, "docs", page));

    [GeneratedRegex("""LoggerMessage\(\s*(?<id>\d+), LogLevel\.(?<level>\w+),.*?EventName = "(?<name>\w+)"\)""", RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex LogEvent();

    [GeneratedRegex(@"^\| \d+ \| `(?<name>\w+)` \|", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex LogRow();

    [GeneratedRegex("`(?<text>[^`]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Quote();

    [GeneratedRegex("\"\\s*\\+\\s*\\$?\"", RegexOptions.None, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Join();
}
