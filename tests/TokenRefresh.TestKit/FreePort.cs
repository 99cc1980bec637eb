using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace TokenRefresh.TestKit;

/// <summary>Finds ports for servers that need to know theirs before they listen.</summary>
public static class FreePort
{
    // Below the ports that systems give to outgoing connections: one of those may be in use by the time the server listens.
    private const int First = 20_000;
    private const int Last = 32_000;
    private const int Attempts = 100;

    // A port that was found may not be in use yet, or no longer: its server may be stopped. The lock keeps other test programs from it.
    private static readonly ConcurrentDictionary<int, FileStream> Found = new();
    private static readonly string Locks = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "tokenrefresh-ports")).FullName;

    public static int Find()
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var port = Random.Shared.Next(First, Last);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                Found[port] = new FileStream(
                    Path.Combine(Locks, $"{port}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
                return port;
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // Another server has it, or will have it.
            }
        }

        throw new InvalidOperationException($"No port between {First} and {Last} is free.");
    }
}
