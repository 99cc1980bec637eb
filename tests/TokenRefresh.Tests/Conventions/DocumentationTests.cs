using System.Text.RegularExpressions;

namespace TokenRefresh.Tests.Conventions;

/// <summary>Pages are short, their links work, and their code is compiled.</summary>
public sealed partial class DocumentationTests
{
    private const int LongestPage = 100;
    private const int LongestReadme = 150;

    // Looked up, not read: a row for each message, and a row for each case.
    private static readonly string[] References = ["docs/cases.md", "docs/messages.md"];

    private static readonly Lazy<(string Name, string Text)[]> Sources = new(() => [.. ProjectsOfSolution()
        .Where(project => project.StartsWith("samples", StringComparison.Ordinal) || project.StartsWith("tests", StringComparison.Ordinal))
        .SelectMany(project => Directory.EnumerateFiles(Path.Combine(ConventionTests.Root, Path.GetDirectoryName(project)!), "*.cs", SearchOption.AllDirectories))
        .Select(file => Path.GetRelativePath(ConventionTests.Root, file))
        .Where(file => !IsBuilt(file) && Path.GetFileName(file) != nameof(DocumentationTests) + ".cs")
        .Distinct(StringComparer.Ordinal)
        .Select(file => (file, File.ReadAllText(Path.Combine(ConventionTests.Root, file))))]);

    public static TheoryData<string> Pages => [.. FindPages()];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Code_in_a_page_is_code_that_is_compiled(string page)
    {
        // A block that begins with a using is a whole program. DocumentedProgramTests compiles it against the packed packages.
        var missing = DocumentedCode.BlocksOf(Read(page))
            .Where(block => !block.Code.StartsWith("using ", StringComparison.Ordinal))
            .Where(block => !Sources.Value.Any(source => DocumentedCode.IsIn(source.Text, block.Code)));

        Assert.True(!missing.Any(), string.Join("\n\n", missing.Select(block => $"{page}:{block.Line} is in no source file below samples or tests:\n{block.Code}")));
    }

    [Theory]
    [InlineData("One(1);\nTwo(2);", true)]
    [InlineData("One(1);   Two(2);", true)]
    [InlineData("One(2);", false)]
    [InlineData("One(1); // a word more", false)]
    [InlineData("if (x) { … }\nFour();", true)]
    [InlineData("if (x) { Three(); }\nFour();", true)]
    [InlineData("if (x) { … Four();", false)]
    [InlineData("One(1);\n…\nFour();", true)]
    [InlineData("if (x)\n…\nFour();", true)]
    [InlineData("Four();\n…\nOne(1);", false)]
    [InlineData("…", false)]
    public void A_block_that_differs_from_the_code_is_found(string block, bool isThere) =>
        Assert.Equal(isThere, DocumentedCode.IsIn("One(1);\n    Two(2);\nif (x)\n{\n    Three();\n}\n\nFour();\n", block));

    [Fact]
    public void Indented_blocks_are_found_too() => Assert.Equal(
        [(2, "a\nb"), (7, "  c")],
        DocumentedCode.BlocksOf("one\n```csharp\na\nb\n```\n\n  ```csharp\n  c\n  ```\n```\nno code\n```\n"));

    [Theory]
    [MemberData(nameof(Pages))]
    public void Placeholder_tokens_of_a_page_are_legal(string page) =>
        Assert.All(TokenLiteral().Matches(Read(page)), literal => _ = new TokenSet(literal.Groups["access"].Value));

    [Theory]
    [MemberData(nameof(Pages))]
    public void Pages_stay_short(string page)
    {
        var limit = References.Contains(page) ? int.MaxValue : page == "README.md" ? LongestReadme : LongestPage;

        Assert.InRange(File.ReadAllLines(Path.Combine(ConventionTests.Root, page)).Length, 1, limit);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_lead_to_files_that_exist(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(ConventionTests.Root, page))!;

        var dead = Link().Matches(Read(page))
            .Select(link => link.Groups["target"].Value)
            .Where(target => !Uri.TryCreate(target, UriKind.Absolute, out _) && target.Split('#')[0] is { Length: > 0 } file && !Path.Exists(Path.Combine(folder, file)));

        Assert.Empty(dead);
    }

    [Fact]
    public void The_index_lists_every_page()
    {
        var linked = Link().Matches(Read("docs/README.md")).Select(link => "docs/" + link.Groups["target"].Value).ToHashSet();

        Assert.Contains("](docs/README.md)", Read("README.md"), StringComparison.Ordinal);
        Assert.All(FindPages().Where(page => page.StartsWith("docs", StringComparison.Ordinal) && page != "docs/README.md"), page => Assert.Contains(page, linked));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    [Trait("Case", "N15")]
    public void The_page_of_a_package_has_no_relative_link(string page)
    {
        // nuget.org shows it without the repository around it.
        var relative = Link().Matches(Read(page)).Select(link => link.Groups["target"].Value).Where(target => !Uri.TryCreate(target, UriKind.Absolute, out _));

        Assert.True(!PackagePage().IsMatch(page) || !relative.Any(), $"{page} has a relative link.");
    }

    [Fact]
    public void Every_sample_is_listed()
    {
        var samples = Read(Path.Combine("samples", "README.md"));

        Assert.All(
            ProjectsOfSolution().Where(project => project.StartsWith("samples", StringComparison.Ordinal)).Select(project => project.Split('/')[1]),
            sample => Assert.Contains(sample == "Servers" ? "`Servers/`" : $"samples/{sample}`", samples, StringComparison.Ordinal));
    }

    private static IEnumerable<string> FindPages() => Directory
        .EnumerateFiles(ConventionTests.Root, "*.md")
        .Concat(new[] { "docs", "samples", "src" }.SelectMany(folder =>
            Directory.EnumerateFiles(Path.Combine(ConventionTests.Root, folder), "*.md", SearchOption.AllDirectories)))
        .Select(file => Path.GetRelativePath(ConventionTests.Root, file).Replace('\\', '/'))
        .Where(file => !IsBuilt(file) && file != "CHANGELOG.md")
        .Order(StringComparer.Ordinal);

    private static IEnumerable<string> ProjectsOfSolution() => Project()
        .Matches(Read("TokenRefresh.sln"))
        .Select(match => match.Groups["path"].Value.Replace('\\', '/'));

    private static bool IsBuilt(string file) => file.Split('/', '\\').Any(folder => folder is "obj" or "bin");

    private static string Read(string page) => File.ReadAllText(Path.Combine(ConventionTests.Root, page));

    [GeneratedRegex(@"(?<!`)\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Link();

    [GeneratedRegex("new TokenSet\\(\"(?<access>[^\"]*)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex TokenLiteral();

    [GeneratedRegex("^src/[^/]+/README\\.md$", RegexOptions.None, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex PackagePage();

    [GeneratedRegex("\"(?<path>[^\"]+\\.csproj)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Project();
}
