using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace TokenRefresh.Tests.Conventions;

/// <summary>Pages are short, lead somewhere, and their code is code that is compiled.</summary>
public sealed partial class DocumentationCases
{
    private const int LongestPage = 100;
    private const int LongestReadme = 150;

    private static readonly Lazy<(string Name, string Text)[]> Sources = new(() => [.. ProjectsOfSolution()
        .Where(project => project.StartsWith("samples", StringComparison.Ordinal) || project.StartsWith("tests", StringComparison.Ordinal))
        .SelectMany(project => Directory.EnumerateFiles(Path.Combine(ConventionCases.Root, Path.GetDirectoryName(project)!), "*.cs", SearchOption.AllDirectories))
        .Select(file => Path.GetRelativePath(ConventionCases.Root, file))
        .Where(file => !IsBuilt(file) && Path.GetFileName(file) != nameof(DocumentationCases) + ".cs")
        .Distinct(StringComparer.Ordinal)
        .Select(file => (file, File.ReadAllText(Path.Combine(ConventionCases.Root, file))))]);

    public static TheoryData<string> Pages => [.. FindPages()];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Code_in_a_page_is_code_that_is_compiled(string page)
    {
        var missing = DocumentedCode.BlocksOf(Read(page)).Where(block => !Sources.Value.Any(source => DocumentedCode.IsIn(source.Text, block.Code)));

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
    public void A_block_that_drifted_from_the_code_is_found_out(string block, bool isThere) =>
        Assert.Equal(isThere, DocumentedCode.IsIn("One(1);\n    Two(2);\nif (x)\n{\n    Three();\n}\n\nFour();\n", block));

    [Fact]
    public void Blocks_are_taken_out_of_a_page_indented_or_not() => Assert.Equal(
        [(2, "a\nb"), (7, "  c")],
        DocumentedCode.BlocksOf("one\n```csharp\na\nb\n```\n\n  ```csharp\n  c\n  ```\n```\nno code\n```\n"));

    [Theory]
    [MemberData(nameof(Pages))]
    public void Pages_stay_short(string page)
    {
        var limit = page == "README.md" ? LongestReadme : LongestPage;

        Assert.InRange(File.ReadAllLines(Path.Combine(ConventionCases.Root, page)).Length, 1, limit);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_lead_to_files_that_are_there(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(ConventionCases.Root, page))!;

        var dead = Link().Matches(Read(page))
            .Select(link => link.Groups["target"].Value)
            .Where(target => !Uri.TryCreate(target, UriKind.Absolute, out _) && target.Split('#')[0] is { Length: > 0 } file && !Path.Exists(Path.Combine(folder, file)));

        Assert.Empty(dead);
    }

    [Fact]
    public void Every_page_can_be_reached_from_the_readme()
    {
        var readme = Read("README.md");

        Assert.All(FindPages().Where(page => page.StartsWith("docs", StringComparison.Ordinal)), page => Assert.Contains($"]({page})", readme, StringComparison.Ordinal));
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
        .EnumerateFiles(ConventionCases.Root, "*.md")
        .Concat(new[] { "docs", "samples", "src" }.SelectMany(folder =>
            Directory.EnumerateFiles(Path.Combine(ConventionCases.Root, folder), "*.md", SearchOption.AllDirectories)))
        .Select(file => Path.GetRelativePath(ConventionCases.Root, file).Replace('\\', '/'))
        .Where(file => !IsBuilt(file) && file != "CHANGELOG.md")
        .Order(StringComparer.Ordinal);

    private static IEnumerable<string> ProjectsOfSolution() => Project()
        .Matches(Read("TokenRefresh.sln"))
        .Select(match => match.Groups["path"].Value.Replace('\\', '/'));

    private static bool IsBuilt(string file) => file.Split('/', '\\').Any(folder => folder is "obj" or "bin");

    private static string Read(string page) => File.ReadAllText(Path.Combine(ConventionCases.Root, page));

    [GeneratedRegex(@"(?<!`)\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();

    [GeneratedRegex("\"(?<path>[^\"]+\\.csproj)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Project();
}
