namespace TokenRefresh.TestKit;

/// <summary>
/// A real PostgreSQL in a process of its own, on a free loopback port, with its data in a temporary directory. It doesn't run as root.
/// </summary>
public sealed class PostgresServer : ITestServer
{
    private const string User = "postgres";
    private const int Interrupt = 2;
    private readonly string _directory = Directory.CreateTempSubdirectory("tokenrefresh-postgres-").FullName;
    private readonly ServerProgram _program = new(User);

    /// <summary>Why it can't run here, or <see langword="null"/>.</summary>
    public static string? Missing =>
        Programs is not null ? null : "/usr/lib/postgresql isn't there. Install Debian's postgresql to run these tests.";

    public int Port { get; } = FreePort.Find();

    private static string? Programs => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql")
            .Select(version => Path.Combine(version, "bin"))
            .LastOrDefault(bin => File.Exists(Path.Combine(bin, "initdb")))
        : null;

    /// <summary>The connection string of a database, which may not exist yet.</summary>
    public string Connect(string database) => $"Host=127.0.0.1;Port={Port};Username={User};Database={database};Timeout=30";

    public async Task StartAsync()
    {
        if (!File.Exists(Path.Combine(_directory, "PG_VERSION")))
        {
            await _program.OwnAsync(_directory);
            await _program.RunAsync(
                PathOf("initdb"), "--pgdata", _directory, "--username", User, "--auth", "trust", "--encoding", "UTF8", "--locale", "C",
                "--no-sync");
        }

        // Nothing has to survive a crash of this machine. A measurement may set fsync=on.
        var fsync = Environment.GetEnvironmentVariable("TOKENREFRESH_FSYNC") ?? "off";
        _program.Serve(
            PathOf("postgres"), "-D", _directory, "-p", $"{Port}", "-h", "127.0.0.1",
            "-c", "unix_socket_directories=", "-c", $"fsync={fsync}", "-c", "max_connections=300");
        await _program.WaitUntilReadyAsync(PathOf("pg_isready"), "-h", "127.0.0.1", "-p", $"{Port}");
    }

    /// <summary>Ends it and all its connections, and keeps its data.</summary>
    public void Stop() => _program.Stop(Interrupt);

    public void Dispose()
    {
        Stop();
        Directory.Delete(_directory, recursive: true);
    }

    private static string PathOf(string program) => Path.Combine(Programs!, program);
}
