using System.Reflection.Metadata;

namespace TokenRefresh.PackageTests;

/// <summary>What a package contains, and what it says about itself.</summary>
public sealed class PackageContents(PackedPackages packages)
{
    // What a deterministic build calls the root of the repository, wherever it was built.
    private const string MappedRoot = "/_/";

    public static TheoryData<string> Names => [.. PackedPackages.Names];

    [Theory]
    [MemberData(nameof(Names))]
    [Trait("Case", "N15")]
    public void A_package_has_its_licence_icon_page_address_and_release_notes(string name)
    {
        var metadata = packages.ReadMetadata(name);

        Assert.Equal("MIT", Value("license"));
        Assert.Equal("icon.png", Value("icon"));
        Assert.Equal("README.md", Value("readme"));
        Assert.Equal(PackedPackages.RepositoryUrl, Value("projectUrl"));
        Assert.NotEmpty(Value("description"));
        Assert.NotEmpty(Value("tags"));
        Assert.Contains("## ", Value("releaseNotes"), StringComparison.Ordinal);
        var repository = metadata.Element(metadata.Name.Namespace + "repository")!;
        Assert.Equal(PackedPackages.RepositoryUrl, repository.Attribute("url")!.Value);
        Assert.Matches("^[0-9a-f]{40}$", repository.Attribute("commit")!.Value);

        string Value(string element) => metadata.Element(metadata.Name.Namespace + element)!.Value;
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_package_holds_its_builds_with_their_documentation_and_nothing_else(string name)
    {
        using var package = packages.Open(name);
        string[] targets = name is "TokenRefresh.DataProtection" or "TokenRefresh.AspNetCore" or "TokenRefresh.EntityFrameworkCore"
            ? ["net10.0", "net8.0"]
            : ["net10.0", "net8.0", "netstandard2.0"];

        var files = package.Entries.Select(entry => entry.FullName).Where(file => file[0] is not ('_' or '[') && !file.StartsWith("package/", StringComparison.Ordinal));

        Assert.Equal(
            targets.SelectMany(target => new[] { $"lib/{target}/{name}.dll", $"lib/{target}/{name}.xml" }).Append("README.md").Append("icon.png").Append(name + ".nuspec").Order(StringComparer.Ordinal),
            files.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("TokenRefresh", "net10.0", "Microsoft.Extensions.Http Polly.Core")]
    [InlineData("TokenRefresh", "net8.0", "Microsoft.Extensions.Http Polly.Core")]
    [InlineData("TokenRefresh", ".NETStandard2.0", "Microsoft.Bcl.TimeProvider Microsoft.Extensions.Http Polly.Core System.Text.Json")]
    [InlineData("TokenRefresh.AspNetCore", "net10.0", "Microsoft.AspNetCore.Authentication.OpenIdConnect TokenRefresh")]
    [InlineData("TokenRefresh.AspNetCore", "net8.0", "Microsoft.AspNetCore.Authentication.OpenIdConnect TokenRefresh")]
    [InlineData("TokenRefresh.DataProtection", "net10.0", "Microsoft.AspNetCore.DataProtection TokenRefresh")]
    [InlineData("TokenRefresh.DataProtection", "net8.0", "Microsoft.AspNetCore.DataProtection TokenRefresh")]
    [InlineData("TokenRefresh.EntityFrameworkCore", "net10.0", "Microsoft.EntityFrameworkCore.Relational TokenRefresh")]
    [InlineData("TokenRefresh.EntityFrameworkCore", "net8.0", "Microsoft.EntityFrameworkCore.Relational TokenRefresh")]
    [InlineData("TokenRefresh.Redis", "net10.0", "StackExchange.Redis TokenRefresh")]
    [InlineData("TokenRefresh.Redis", ".NETStandard2.0", "StackExchange.Redis TokenRefresh")]
    [InlineData("TokenRefresh.Testing", "net10.0", "TokenRefresh")]
    [InlineData("TokenRefresh.Testing", ".NETStandard2.0", "TokenRefresh")]
    public void A_package_depends_on_nothing_more(string name, string target, string expected)
    {
        var dependencies = packages.ReadMetadata(name).Descendants()
            .Single(element => element.Parent?.Name.LocalName == "dependencies" && element.Attribute("targetFramework")!.Value == target)
            .Elements().Select(element => element.Attribute("id")!.Value);

        Assert.Equal(expected.Split(' '), dependencies.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Symbols_name_their_sources_without_the_path_of_the_machine_that_built_them(string name)
    {
        using var symbols = packages.Open(name, ".snupkg");

        foreach (var entry in symbols.Entries.Where(entry => entry.Name.EndsWith(".pdb", StringComparison.Ordinal)))
        {
            using var copy = new MemoryStream();
            using (var pdb = entry.Open())
            {
                pdb.CopyTo(copy);
            }

            copy.Position = 0;
            using var provider = MetadataReaderProvider.FromPortablePdbStream(copy);
            var reader = provider.GetMetadataReader();
            Assert.All(reader.Documents, document => Assert.StartsWith(MappedRoot, reader.GetString(reader.GetDocument(document).Name), StringComparison.Ordinal));
        }
    }
}
