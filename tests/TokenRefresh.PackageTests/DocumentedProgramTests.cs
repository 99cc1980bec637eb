using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Xunit;

namespace TokenRefresh.PackageTests;

/// <summary>Follows the README and the pages word for word: `dotnet new`, the packages that the page names, and its program as pasted.</summary>
public sealed partial class DocumentedProgramTests(PackedPackages packages)
{
    private static readonly string[] Folders = ["docs", "src"];

    [Fact]
    [Trait("Case", "N8")]
    [Trait("Case", "N12")]
    [Trait("Case", "W21")]
    public async Task Every_program_of_a_page_compiles_in_an_empty_project()
    {
        var programs = FindPrograms().ToList();
        Assert.Contains(programs, program => program.Name.StartsWith("README", StringComparison.Ordinal));
        Assert.Contains(programs, program => program.Name.StartsWith("docs-getting-started", StringComparison.Ordinal));

        var root = packages.MakeDirectory("pages");
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["NUGET_PACKAGES"] = packages.MakeDirectory("packages") };
        await File.WriteAllTextAsync(
            Path.Combine(root, "nuget.config"), $"""<configuration><packageSources><add key="packed" value="{packages.Feed}" /></packageSources></configuration>""");
        foreach (var program in programs)
        {
            await CreateProjectAsync(root, environment, program);
        }

        var projects = programs.Select(program => $"""<Project Path="{program.Name}/{program.Name}.csproj" />""");
        await File.WriteAllTextAsync(Path.Combine(root, "Pages.slnx"), $"<Solution>{string.Concat(projects)}</Solution>");
        await Tool.RunAsync("dotnet", root, environment, "build", "Pages.slnx", "--nologo", "-p:TreatWarningsAsErrors=true", "-p:WarningsNotAsErrors=NU1603", "-p:NuGetAudit=false");
        foreach (var program in programs.Where(program => IsFirstProgram(program.Name)))
        {
            await RunUntilTheFirstRequestAsync(root, environment, program.Name);
        }
    }

    private static bool IsFirstProgram(string name) =>
        name.StartsWith("README-", StringComparison.Ordinal) || name.StartsWith("src-TokenRefresh-README-", StringComparison.Ordinal);

    // The program has no server. It gets as far as its first request, through every line before it.
    private static async Task RunUntilTheFirstRequestAsync(string root, Dictionary<string, string> environment, string name)
    {
        var offline = new Dictionary<string, string>(environment, StringComparer.Ordinal) { ["HTTPS_PROXY"] = "http://127.0.0.1:1" };

        var text = await Tool.RunFailingAsync("dotnet", Path.Combine(root, name), offline, "run", "--no-build");

        Assert.Contains("Unhandled exception. System.Net.Http.HttpRequestException: ", text, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:1", text, StringComparison.Ordinal);
    }

    private async Task CreateProjectAsync(string root, Dictionary<string, string> environment, Program program)
    {
        await Tool.RunAsync("dotnet", root, environment, "new", program.Template, "-o", program.Name, "--no-restore");
        var folder = Path.Combine(root, program.Name);
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), program.Code);

        // As `dotnet add package` does, without its restore.
        var references = program.Packages.Select(package => $"""<PackageReference Include="{package}" Version="{packages.Version}" />""");
        var project = Path.Combine(folder, program.Name + ".csproj");
        var text = await File.ReadAllTextAsync(project);
        await File.WriteAllTextAsync(
            project, text.Replace("</Project>", $"<ItemGroup>{string.Concat(references)}</ItemGroup></Project>", StringComparison.Ordinal));
    }

    private static IEnumerable<Program> FindPrograms() => Directory.EnumerateFiles(Tool.RepositoryRoot, "*.md")
        .Concat(Folders.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Tool.RepositoryRoot, folder), "*.md", SearchOption.AllDirectories)))
        .Where(page => !page.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)
        .SelectMany(ReadPrograms);

    // A program is a block that begins with "using". The shell block before it names its template and its packages.
    private static IEnumerable<Program> ReadPrograms(string page)
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
                yield return new Program(
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

    private sealed record Program(string Name, string Template, IReadOnlyList<string> Packages, string Code);
}
