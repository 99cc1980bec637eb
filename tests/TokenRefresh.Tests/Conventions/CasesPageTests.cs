using System.Text.RegularExpressions;

namespace TokenRefresh.Tests.Conventions;

/// <summary>docs/cases.md lists the test classes that carry each case's number. It is read from the sources, in all test projects.</summary>
public sealed partial class CasesPageTests
{
    // Set, the test writes the page instead of failing.
    private const string WriteVariable = "TOKENREFRESH_WRITE_DOCS";

    private static readonly string Page = Path.Combine(ConventionTests.Root, "docs", "cases.md");

    [Fact]
    public void The_page_lists_the_tests_of_each_case()
    {
        var classes = FindClasses();
        var page = File.ReadAllText(Page);
        var rows = Row().Matches(page);

        var unknown = classes.Keys.Except(rows.Select(row => row.Groups["case"].Value), StringComparer.Ordinal);
        Assert.True(!unknown.Any(), $"docs/cases.md has no row for {string.Join(", ", unknown)}. Add the number and one line that says what it is.");

        var wanted = Row().Replace(page, row => $"| {row.Groups["case"].Value} | {row.Groups["what"].Value} | {Describe(row.Groups["case"].Value, classes)} |");
        if (Environment.GetEnvironmentVariable(WriteVariable) is { Length: > 0 })
        {
            File.WriteAllText(Page, wanted);
            return;
        }

        var old = page.Split('\n').Zip(wanted.Split('\n')).Where(line => line.First != line.Second).Select(line => line.Second);
        Assert.True(page == wanted, $"docs/cases.md is out of date. Run this test with {WriteVariable}=1. These rows are new:\n{string.Join('\n', old)}");
    }

    private static string Describe(string number, SortedDictionary<string, SortedSet<string>> classes) => !classes.TryGetValue(number, out var files)
        ? "–"
        : string.Join(", ", files.Select(file => $"[{Path.GetFileNameWithoutExtension(file)}](../{file})"));

    private static SortedDictionary<string, SortedSet<string>> FindClasses()
    {
        var classes = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        var tests = Path.Combine(ConventionTests.Root, "tests");
        foreach (var file in Directory.EnumerateFiles(tests, "*.cs", SearchOption.AllDirectories).Where(file => !file.Split('/', '\\').Any(folder => folder is "obj" or "bin")))
        {
            foreach (Match trait in Case().Matches(File.ReadAllText(file)))
            {
                if (!classes.TryGetValue(trait.Groups["case"].Value, out var files))
                {
                    classes[trait.Groups["case"].Value] = files = new SortedSet<string>(StringComparer.Ordinal);
                }

                files.Add(Path.GetRelativePath(ConventionTests.Root, file).Replace('\\', '/'));
            }
        }

        return classes;
    }

    [GeneratedRegex(@"^\| (?<case>[A-Z]\d+) \| (?<what>.+) \| [^|]+ \|$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Row();

    [GeneratedRegex("""^\s*\[.*?Trait\("Case", "(?<case>[A-Z]\d+)"\)""", RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Case();
}
