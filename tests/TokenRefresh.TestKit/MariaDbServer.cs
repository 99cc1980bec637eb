namespace TokenRefresh.TestKit;

/// <summary>
/// A real MariaDB in a process of its own, on a free loopback port, with its data in a temporary directory. It doesn't run as root. Its
/// time zone isn't UTC.
/// </summary>
public sealed class MariaDbServer : ITestServer
{
    private const string User = "mysql";
    private const string Server = "/usr/sbin/mariadbd";
    private const int Terminate = 15;
    private const int KillNow = 9;
    private readonly string _directory = Directory.CreateTempSubdirectory("tokenrefresh-mariadb-").FullName;
    private readonly ServerProgram _program = new(User);

    /// <summary>Why it can't run here, or <see langword="null"/>.</summary>
    public static string? Missing =>
        File.Exists(Server) ? null : $"{Server} isn't there. Install Debian's mariadb-server to run these tests.";

    public int Port { get; } = FreePort.Find();

    /// <summary>The connection string of a database, which may not exist yet.</summary>
    public string Connect(string database) => $"Server=127.0.0.1;Port={Port};User ID=root;Database={database};Connection Timeout=30";

    public async Task StartAsync()
    {
        if (!Directory.Exists(Path.Combine(_directory, "mysql")))
        {
            await _program.OwnAsync(_directory);
            await _program.RunAsync(
                "/usr/bin/mariadb-install-db", "--no-defaults", $"--datadir={_directory}", "--auth-root-authentication-method=normal",
                "--skip-test-db", "--skip-name-resolve", "--innodb-log-file-size=8M", "--innodb-flush-method=nosync");
        }

        // Nothing has to survive a crash of this machine, only one of the server. The collation is the one of Debian's package: it ignores
        // case.
        _program.Serve(
            Server, "--no-defaults", $"--datadir={_directory}", $"--port={Port}", "--bind-address=127.0.0.1",
            $"--socket={Path.Combine(_directory, "socket")}", "--skip-name-resolve", "--default-time-zone=+09:00",
            "--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci", "--max-connections=300",
            "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=2", "--innodb-flush-method=nosync",
            "--innodb-fast-shutdown=2");
        await _program.WaitUntilReadyAsync(
            "/usr/bin/mariadb-admin", "--no-defaults", "--host=127.0.0.1", $"--port={Port}", "--user=root", "ping");
    }

    /// <summary>Ends it and all its connections, and keeps its data.</summary>
    public void Stop() => _program.Stop(Terminate);

    /// <summary>Ends it at once, as a crash does.</summary>
    public void Crash() => _program.Stop(KillNow);

    public void Dispose()
    {
        Stop();
        Directory.Delete(_directory, recursive: true);
    }
}
