using System.Text;
using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage;

/// <summary>On Windows a reader or a virus scanner that has a file open for a moment makes a move over it fail.</summary>
public sealed class FileMoveTests : IDisposable
{
    private const int SharingViolation = unchecked((int)0x80070020);

    private readonly string _directory = TestDirectory.Create();
    private int _moves;

    private string Record => Path.Combine(_directory, "a.record");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_move_that_fails_while_a_reader_has_the_file_open_is_tried_again(bool isDenied)
    {
        var files = Open(failing: 3, () => isDenied ? new UnauthorizedAccessException() : new IOException("in use", SharingViolation));

        await files.ReplaceAsync(Record, Encoding.UTF8.GetBytes("one"));

        Assert.Equal(("one", 4), (await File.ReadAllTextAsync(Record), _moves));
    }

    [Fact]
    public async Task A_move_that_keeps_failing_is_given_up_and_the_record_stays()
    {
        await Open(failing: 0, () => new IOException()).ReplaceAsync(Record, Encoding.UTF8.GetBytes("one"));
        _moves = 0;

        await Assert.ThrowsAsync<TokenStoreConfigurationException>(
            () => Open(failing: int.MaxValue, () => new UnauthorizedAccessException()).ReplaceAsync(Record, Encoding.UTF8.GetBytes("two")));

        Assert.Equal(("one", 10), (await File.ReadAllTextAsync(Record), _moves));
    }

    [Fact]
    public async Task A_move_that_fails_for_another_reason_is_not_tried_again()
    {
        await Assert.ThrowsAsync<IOException>(() => Open(failing: 1, () => new IOException("The disk is full.")).ReplaceAsync(Record, [1]));

        Assert.Equal(1, _moves);
    }

    private OwnerOnlyFile Open(int failing, Func<Exception> failure) => new(move: new FileMove((from, to) =>
    {
        if (++_moves <= failing)
        {
            throw failure();
        }

        File.Move(from, to, overwrite: true);
    }));
}
