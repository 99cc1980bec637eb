using System.IO.Compression;
using System.Xml.Linq;
using TokenRefresh.PackageTests;

[assembly: AssemblyFixture(typeof(PackedPackages))]

namespace TokenRefresh.PackageTests;

/// <summary>All packages, packed once into a folder outside the repository.</summary>
public sealed class PackedPackages : IAsyncLifetime
{
    /// <summary>Stands for the address of the repository, which a release gets from its workflow.</summary>
    public const string RepositoryUrl = "https://example.org/tokenrefresh";

    private static readonly string Artifacts = Path.Combine(Tool.RepositoryRoot, "artifacts", "package-tests");
    private readonly string _root = Directory.CreateTempSubdirectory("tokenrefresh-packages-").FullName;

    public static IReadOnlyList<string> Names { get; } =
        ["TokenRefresh", "TokenRefresh.AspNetCore", "TokenRefresh.DataProtection", "TokenRefresh.EntityFrameworkCore", "TokenRefresh.Redis", "TokenRefresh.Testing"];

    public string Feed => Path.Combine(_root, "feed");

    public string Version { get; private set; } = "";

    /// <summary>A new empty folder outside the repository.</summary>
    public string MakeDirectory(string name) => Directory.CreateDirectory(Path.Combine(_root, name)).FullName;

    /// <summary>Lets the projects below a folder restore the packed packages.</summary>
    /// <returns>The environment for their builds.</returns>
    public async Task<IReadOnlyDictionary<string, string>> PrepareAsync(string folder)
    {
        await File.WriteAllTextAsync(
            Path.Combine(folder, "nuget.config"), $"""<configuration><packageSources><add key="packed" value="{Feed}" /></packageSources></configuration>""");
        return new Dictionary<string, string>(StringComparer.Ordinal) { ["NUGET_PACKAGES"] = MakeDirectory("packages") };
    }

    /// <summary>Opens a package or its symbols.</summary>
    public ZipArchive Open(string name, string extension = ".nupkg") => ZipFile.OpenRead(Path.Combine(Feed, $"{name}.{Version}{extension}"));

    /// <summary>Reads the package's own description of itself.</summary>
    public XElement ReadMetadata(string name)
    {
        using var package = Open(name);
        using var text = package.GetEntry(name + ".nuspec")!.Open();
        var root = XElement.Load(text);
        return root.Element(root.Name.Namespace + "metadata")!;
    }

    /// <summary>Compiles everything again in the same folders, without packing.</summary>
    /// <returns>Finds a built file by its target and its name.</returns>
    public static async Task<Func<string, string, FileInfo>> BuildAgainAsync()
    {
        await RunAsync("build", "--no-restore", "-c", "Release", "-t:Rebuild", "-p:GeneratePackageOnBuild=false");
        return (target, file) => new FileInfo(
            Path.Combine(Artifacts, "bin", Path.GetFileNameWithoutExtension(file), "release_" + target, file));
    }

    public async ValueTask InitializeAsync()
    {
        await RunAsync("pack", "--output", Feed);
        var core = Directory.GetFiles(Feed, "TokenRefresh.*.nupkg").Select(file => Path.GetFileNameWithoutExtension(file)["TokenRefresh.".Length..]);
        Version = core.Single(version => char.IsAsciiDigit(version[0]));
    }

    // The build of the solution runs the analyzers. Paths of generated files are mapped only below the repository.
    private static Task<string> RunAsync(string command, params string[] arguments) => Tool.RunAsync(
        "dotnet",
        Tool.RepositoryRoot,
        new Dictionary<string, string>(StringComparer.Ordinal),
        [
            command, "src/Packages.slnf", "--nologo", "--artifacts-path", Artifacts, "-p:RunAnalyzers=false", "-p:ContinuousIntegrationBuild=true",
            "-p:RepositoryUrl=" + RepositoryUrl, .. arguments,
        ]);

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return default;
    }
}
