using System.Security.Cryptography;
using System.Text;

namespace TokenRefresh.Samples.Servers;

/// <summary>Counts what a server received. Tests compare these numbers, because the server counts independently of the client.</summary>
public sealed class ServerCounters
{
    private readonly object _lock = new();
    private readonly Dictionary<string, int> _presented = [];
    private int _refreshesInFlight;
    private long? _lastRefresh;

    /// <summary>How many refreshes were requested.</summary>
    public int Refreshes { get; private set; }

    /// <summary>How many of them were answered with tokens.</summary>
    public int RefreshesGranted { get; private set; }

    /// <summary>The largest number of refreshes that ran at the same time.</summary>
    public int RefreshPeak { get; private set; }

    /// <summary>The shortest time between a refresh and the next one.</summary>
    public TimeSpan ShortestGap { get; private set; } = TimeSpan.MaxValue;

    /// <summary>How many API calls were answered 200.</summary>
    public int Api200 { get; private set; }

    /// <summary>How many API calls were answered 401.</summary>
    public int Api401 { get; private set; }

    /// <summary>How many refresh tokens arrived more than once.</summary>
    public int PresentedTwice
    {
        get
        {
            lock (_lock)
            {
                return _presented.Values.Count(times => times > 1);
            }
        }
    }

    /// <summary>Resets all counts.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            Refreshes = RefreshesGranted = RefreshPeak = Api200 = Api401 = 0;
            ShortestGap = TimeSpan.MaxValue;
            _lastRefresh = null;
            _presented.Clear();
        }
    }

    internal void BeginRefresh(string refreshToken)
    {
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(refreshToken)));
        lock (_lock)
        {
            var now = TimeProvider.System.GetTimestamp();
            if (_lastRefresh is { } last && TimeProvider.System.GetElapsedTime(last, now) is var gap && gap < ShortestGap)
            {
                ShortestGap = gap;
            }

            _lastRefresh = now;
            Refreshes++;
            RefreshPeak = Math.Max(RefreshPeak, ++_refreshesInFlight);
            _presented[hash] = _presented.GetValueOrDefault(hash) + 1;
        }
    }

    internal void EndRefresh(int status)
    {
        lock (_lock)
        {
            _refreshesInFlight--;
            RefreshesGranted += status == 200 ? 1 : 0;
        }
    }

    internal void CountApi(int status)
    {
        lock (_lock)
        {
            Api200 += status == 200 ? 1 : 0;
            Api401 += status == 401 ? 1 : 0;
        }
    }
}
