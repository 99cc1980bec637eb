namespace TokenRefresh.Tests.Conventions;

/// <summary>Rules of the code base that no compiler checks.</summary>
public sealed class ConventionTests
{
    internal static readonly string Root = FindRoot();
    private static readonly string Source = Path.Combine(Root, "src");

    [Fact]
    public void A_file_has_at_most_250_lines()
    {
        var tooLong = FilesOf("").Where(file => file.Text.Count(c => c == '\n') > 250).Select(file => file.Name);

        Assert.Empty(tooLong);
    }

    [Fact]
    public void A_line_has_at_most_140_characters()
    {
        var tooLong =
            from file in FilesOf("")
            from line in file.Text.Split('\n')
            where line.Length > 140
            select $"{file.Name}: {line.Trim()}";

        Assert.Empty(tooLong);
    }

    [Fact]
    public void Every_type_that_holds_a_secret_redacts_itself()
    {
        object[] secretive =
        [
            new TokenSet("secret-access", "secret-refresh") { Scope = "secret-scope" },
            new TokenRefreshOptions { ClientSecret = "secret-client" },
            new TokenEndpointRequest(new TokenSessionKey("name", "secret-user"), "secret-refresh", null),
            new StoredRecord("secret-text", "1", TimeSpan.Zero),
            TokenEndpointResult.Succeeded(new TokenSet("secret-access", "secret-refresh")),
            TokenEndpointResult.RefreshTokenOnly("secret-refresh"),
        ];

        Assert.All(secretive, holder => Assert.DoesNotContain("secret", holder.ToString(), StringComparison.Ordinal));
    }

    private static IEnumerable<(string Name, string Text)> FilesOf(string folder) => Directory
        .EnumerateFiles(Path.Combine(Source, folder), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .Select(file => (Path.GetRelativePath(Source, file), File.ReadAllText(file)));

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "TokenRefresh.sln")))
        {
            directory = directory.Parent!;
        }

        return directory.FullName;
    }
}
