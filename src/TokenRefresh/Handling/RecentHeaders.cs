using System.Runtime.InteropServices;

namespace TokenRefresh.Handling;

/// <summary>The last headers that were sent for one session name. It keeps hashes of their texts, and no token.</summary>
internal sealed class RecentHeaders
{
    private const int Capacity = 1024;

    private readonly object _lock = new();
    private readonly Dictionary<System.Guid, HeaderOwner> _owners = [];
    private readonly Queue<System.Guid> _order = new();

    public void Add(string header, HeaderOwner owner)
    {
        var hash = Hash(header);
        lock (_lock)
        {
            if (!_owners.ContainsKey(hash))
            {
                _order.Enqueue(hash);
            }

            _owners[hash] = owner;
            if (_order.Count > Capacity)
            {
                _owners.Remove(_order.Dequeue());
            }
        }
    }

    public HeaderOwner? Find(string header)
    {
        var hash = Hash(header);
        lock (_lock)
        {
            return _owners.TryGetValue(hash, out var owner) ? owner : null;
        }
    }

    private static System.Guid Hash(string header)
    {
        Span<byte> hash = stackalloc byte[Sha256.Size];
        Sha256.Write(MemoryMarshal.AsBytes(header.AsSpan()), hash);
        return MemoryMarshal.Read<System.Guid>(hash);
    }
}
