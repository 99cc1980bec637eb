using System.Text.RegularExpressions;

namespace TokenRefresh.PackageTests;

/// <summary>A program of a page, with the `dotnet new` template and the packages that the page names.</summary>
internal sealed partial record DocumentedProgram(string Name, string Template, IReadOnlyList<string> Packages, string Code)
{
    private static readonly string[] Folders = ["docs", "src"];

    public static IEnumerable<DocumentedProgram> FindAll() => Directory.EnumerateFiles(Tool.RepositoryRoot, "*.md")
        .Concat(Folders.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Tool.RepositoryRoot, folder), "*.md", SearchOption.AllDirectories)))
        .Where(page => !page.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)
        .SelectMany(ReadPage);

    /// <summary>Builds the first program of a page, whose addresses are replaced by those of the test, as the project "shop".</summary>
    /// <returns>The folder of the project.</returns>
    public static async Task<string> BuildAsync(PackedPackages packages, string page, string folder, params (string Text, string Replacement)[] replacements)
    {
        var program = FindAll().First(program => program.Name.StartsWith(page, StringComparison.Ordinal));
        var root = packages.MakeDirectory(folder);
        var environment = await packages.PrepareAsync(root);
        var code = program.Code;
        foreach (var (text, replacement) in replacements)
        {
            Assert.Contains(text, code, StringComparison.Ordinal);
            code = code.Replace(text, replacement, StringComparison.Ordinal);
        }

        await (program with { Name = "shop", Code = code }).CreateProjectAsync(root, environment, packages.Version);
        await Tool.RunAsync("dotnet", root, environment, "build", "shop", "--nologo", "-p:WarningsNotAsErrors=NU1603", "-p:NuGetAudit=false");
        return Path.Combine(root, "shop");
    }

    public async Task CreateProjectAsync(string root, IReadOnlyDictionary<string, string> environment, string version)
    {
        await Tool.RunAsync("dotnet", root, environment, "new", Template, "-o", Name, "--no-restore");
        var folder = Path.Combine(root, Name);
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), Code);

        // As `dotnet add package` does, without its restore.
        var references = Packages.Select(package => $"""<PackageReference Include="{package}" Version="{version}" />""");
        var project = Path.Combine(folder, Name + ".csproj");
        var text = await File.ReadAllTextAsync(project);
        await File.WriteAllTextAsync(
            project, text.Replace("</Project>", $"<ItemGroup>{string.Concat(references)}</ItemGroup></Project>", StringComparison.Ordinal));
    }

    // A program is a block that begins with "using". The shell block before it names its template and its packages.
    private static IEnumerable<DocumentedProgram> ReadPage(string page)
    {
        var name = Path.GetRelativePath(Tool.RepositoryRoot, page)[..^".md".Length].Replace(Path.DirectorySeparatorChar, '-');
        var commands = "";
        foreach (Match block in Block().Matches(File.ReadAllText(page)))
        {
            var text = block.Groups["text"].Value;
            if (block.Groups["language"].Value.Length == 0 && text.StartsWith("dotnet new ", StringComparison.Ordinal))
            {
                commands = text;
            }
            else if (block.Groups["language"].Value == "csharp" && text.StartsWith("using ", StringComparison.Ordinal))
            {
                Assert.True(commands.Length > 0, $"{page}: a program, and no `dotnet new` before it.");
                yield return new DocumentedProgram(
                    $"{name}-{block.Index}", New().Match(commands).Groups["template"].Value, [.. Add().Matches(commands).Select(add => add.Groups["package"].Value)], text);
            }
        }
    }

    [GeneratedRegex("^```(?<language>[a-z]*)\n(?<text>.*?)^```", RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Block();

    [GeneratedRegex("dotnet new (?<template>[a-z]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex New();

    [GeneratedRegex("dotnet add package (?<package>[A-Za-z.]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Add();
}
