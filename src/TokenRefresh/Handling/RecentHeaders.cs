#if NET8_0_OR_GREATER
using System.Runtime.InteropServices;
#endif
using System.Security.Cryptography;
#if !NET8_0_OR_GREATER
using System.Text;
#endif

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
#if NET8_0_OR_GREATER
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(MemoryMarshal.AsBytes(header.AsSpan()), hash);
        return new System.Guid(hash[..16]);
#else
        using var sha = SHA256.Create();
        return new System.Guid(sha.ComputeHash(Encoding.Unicode.GetBytes(header)).AsSpan(0, 16).ToArray());
#endif
    }
}
