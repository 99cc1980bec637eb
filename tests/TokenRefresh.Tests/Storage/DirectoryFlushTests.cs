using System.Text;
using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage;

/// <summary>After a power cut the directory must not name the record from before: its refresh token is used up.</summary>
[Trait("Case", "S12")]
public sealed class DirectoryFlushTests : IDisposable
{
    private readonly string _directory = TestDirectory.Create();
    private readonly List<string> _flushed = [];

    private string Record => Path.Combine(_directory, "a.record");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_directory_is_flushed_after_a_file_in_it_was_replaced()
    {
        var files = new OwnerOnlyFile(flushDirectory: directory => _flushed.Add($"{directory} {File.ReadAllText(Record)}"));

        await files.ReplaceAsync(Record, Encoding.UTF8.GetBytes("one"));
        await files.ReplaceAsync(Record, Encoding.UTF8.GetBytes("two"));

        Assert.Equal([$"{_directory} one", $"{_directory} two"], _flushed);
    }

    [Fact]
    public void A_directory_that_was_created_is_flushed_in_its_parent()
    {
        var files = new OwnerOnlyFile(flushDirectory: directory => _flushed.Add(directory));
        var tokens = Path.Combine(_directory, "tokens");

        files.EnsureDirectory(tokens);
        files.EnsureDirectory(tokens);

        Assert.Equal([_directory], _flushed);
    }

    [Fact]
    public async Task A_flush_that_fails_fails_the_write()
    {
        var files = new OwnerOnlyFile(flushDirectory: _ => throw new IOException("The disk is broken."));

        await Assert.ThrowsAsync<IOException>(() => files.ReplaceAsync(Record, [1]));
    }

    [Fact]
    public void A_real_directory_can_be_flushed() => DirectoryFlush.Run(_directory);
}
