using System.Diagnostics;
using System.Net;
using TokenRefresh.TestKit;
using TokenRefresh.Tests.Support;

namespace TokenRefresh.Tests.Storage;

/// <summary>A disk that was mounted again read-only, as Linux does after an error.</summary>
[Trait("Case", "S11")]
public sealed class ReadOnlyDiskTests : IDisposable
{
    private readonly string _mount = Directory.CreateTempSubdirectory("saved-tokens-").FullName;
    private bool _isMounted;

    private string Tokens => Path.Combine(_mount, "tokens");

    public void Dispose()
    {
        if (_isMounted)
        {
            Mount("umount", _mount);
        }

        Directory.Delete(_mount, recursive: true);
    }

    [Fact]
    public async Task A_saved_good_token_is_used_and_no_refresh_token_is_sent()
    {
        MakeDisk();
        var store = new FileTokenStore(Tokens);
        await using var app = TestApp.Over(store);
        await store.Other().SignInAsync(app.Tokens.Issue());
        Assert.SkipUnless(Mount("mount", "-o", "remount,ro", _mount), "The disk can't be made read-only here.");

        using var response = await app.GetAsync();
        var failure = await Assert.ThrowsAsync<TokenRefreshException>(() => app.Session.RefreshAsync());

        Assert.Equal((HttpStatusCode.OK, "access-1"), (response.StatusCode, app.Api.Received[0].Token));
        Assert.Equal(TokenRefreshFailure.Transient, failure.Failure);
        Assert.Equal(0, app.Tokens.Calls);
    }

    private void MakeDisk()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Mounting a disk needs Linux and root.");
        _isMounted = Mount("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", _mount);
        Assert.SkipUnless(_isMounted, "No disk can be mounted here.");
    }

    private static bool Mount(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
