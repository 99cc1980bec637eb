namespace TokenRefresh.PackageTests;

/// <summary>Two builds of the same sources give the same bytes.</summary>
public sealed class RepeatedBuildTests(PackedPackages packages)
{
    // Explicit, because it compiles all packages once more. .ci/run runs it.
    [Fact(Explicit = true)]
    public async Task A_second_build_gives_the_bytes_that_were_packed()
    {
        var packed = PackedPackages.Names.SelectMany(name => Read(name, ".nupkg").Concat(Read(name, ".snupkg"))).ToList();

        var built = await PackedPackages.BuildAgainAsync();

        // Assembly, documentation and symbols of each target.
        Assert.True(packed.Count(file => file.Name.EndsWith(".pdb", StringComparison.Ordinal)) >= 2 * PackedPackages.Names.Count);
        Assert.All(packed, file => Assert.Equal(file.Bytes, File.ReadAllBytes(built(file.Target, file.Name).FullName)));
    }

    private (string Target, string Name, byte[] Bytes)[] Read(string name, string extension)
    {
        using var package = packages.Open(name, extension);
        return [.. package.Entries.Where(entry => entry.FullName.StartsWith("lib/", StringComparison.Ordinal)).Select(entry =>
        {
            using var bytes = new MemoryStream();
            using (var content = entry.Open())
            {
                content.CopyTo(bytes);
            }

            return (entry.FullName.Split('/')[1], entry.Name, bytes.ToArray());
        })];
    }
}
