namespace TokenRefresh.PackageTests;

/// <summary>Follows the README and the pages word for word: `dotnet new`, the packages that the page names, and its program as pasted.</summary>
public sealed class DocumentedProgramTests(PackedPackages packages)
{
    [Fact]
    [Trait("Case", "N8")]
    [Trait("Case", "N12")]
    [Trait("Case", "W21")]
    public async Task Every_program_of_a_page_compiles_in_an_empty_project()
    {
        var programs = DocumentedProgram.FindAll().ToList();
        Assert.Contains(programs, program => program.Name.StartsWith("README", StringComparison.Ordinal));
        Assert.Contains(programs, program => program.Name.StartsWith("docs-getting-started", StringComparison.Ordinal));

        var root = packages.MakeDirectory("pages");
        var environment = await packages.PrepareAsync(root);
        foreach (var program in programs)
        {
            await program.CreateProjectAsync(root, environment, packages.Version);
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
    private static async Task RunUntilTheFirstRequestAsync(string root, IReadOnlyDictionary<string, string> environment, string name)
    {
        var offline = new Dictionary<string, string>(environment, StringComparer.Ordinal) { ["HTTPS_PROXY"] = "http://127.0.0.1:1" };

        var text = await Tool.RunFailingAsync("dotnet", Path.Combine(root, name), offline, "run", "--no-build");

        Assert.Contains("Unhandled exception. System.Net.Http.HttpRequestException: ", text, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:1", text, StringComparison.Ordinal);
    }
}
