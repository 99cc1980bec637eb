using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Threading.Tasks;
using System.Xml.Linq;
using TokenRefresh.PackageTests;
using Xunit;

[assembly: AssemblyFixture(typeof(PackedPackages))]

namespace TokenRefresh.PackageTests;

/// <summary>All packages, packed once into a folder outside the repository.</summary>
public sealed class PackedPackages : IAsyncLifetime
{
    /// <summary>Stands for the address of the repository, which a release gets from its workflow.</summary>
    public const string RepositoryUrl = "https://example.org/tokenrefresh";

    private readonly string _root = Directory.CreateTempSubdirectory("tokenrefresh-packages-").FullName;

    public static IReadOnlyList<string> Names { get; } =
        ["TokenRefresh", "TokenRefresh.AspNetCore", "TokenRefresh.DataProtection", "TokenRefresh.EntityFrameworkCore", "TokenRefresh.Redis", "TokenRefresh.Testing"];

    public string Feed => Path.Combine(_root, "feed");

    public string Version { get; private set; } = "";

    /// <summary>A new empty folder outside the repository.</summary>
    public string MakeDirectory(string name) => Directory.CreateDirectory(Path.Combine(_root, name)).FullName;

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

    public async ValueTask InitializeAsync()
    {
        // Analyzers have had their say when the solution was built. Below the repository, or paths of generated files would not be mapped.
        await Tool.RunAsync(
            "dotnet",
            Tool.RepositoryRoot,
            new Dictionary<string, string>(StringComparer.Ordinal),
            "pack", "src/Packages.slnf", "--nologo", "--output", Feed, "-p:RunAnalyzers=false", "-p:ContinuousIntegrationBuild=true", "-p:RepositoryUrl=" + RepositoryUrl, "--artifacts-path", Path.Combine(Tool.RepositoryRoot, "artifacts", "package-tests"));
        var core = Directory.GetFiles(Feed, "TokenRefresh.*.nupkg").Select(file => Path.GetFileNameWithoutExtension(file)["TokenRefresh.".Length..]);
        Version = core.Single(version => char.IsAsciiDigit(version[0]));
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return default;
    }
}
