using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;

namespace TokenRefresh.Samples.Bff;

/// <summary>The counts of this instance since it started, and of each half second of the last minute.</summary>
internal sealed class Counts(TimeProvider time)
{
    private const int Slots = 120;
    private static readonly TimeSpan Slot = TimeSpan.FromSeconds(0.5);

    private readonly object _lock = new();
    private readonly long _start = time.GetTimestamp();
    private readonly int[] _calls = new int[Slots];
    private readonly int[] _refreshes = new int[Slots];
    private long _slot;
    private Snapshot _total = new(0, 0, 0, 0, TokenSessionState.NotLoaded, [], []);

    public void CountPage() => Count(total => total with { Pages = total.Pages + 1 });

    /// <summary>A call that went to the API, below the handler: a request that was sent again counts twice.</summary>
    public void CountApiCall(HttpStatusCode status) => Count(
        total => total with { ApiCalls = total.ApiCalls + 1, Refused = total.Refused + (status == HttpStatusCode.Unauthorized ? 1 : 0) },
        _calls);

    public void CountRefresh(HttpStatusCode status) => Count(total => total with { Refreshes = total.Refreshes + 1 }, _refreshes);

    public Snapshot Read(TokenSession session)
    {
        lock (_lock)
        {
            Advance();
            var oldest = (int)((_slot + 1) % Slots);
            return _total with
            {
                State = session.State,
                Calls = [.. _calls[oldest..], .. _calls[..oldest]],
                RefreshesAt = [.. _refreshes[oldest..], .. _refreshes[..oldest]],
            };
        }
    }

    /// <summary>Sends the current counts four times a second, until the browser leaves the page or the app stops.</summary>
    public async IAsyncEnumerable<Snapshot> WatchAsync(
        TokenSession session, CancellationToken stopping, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(0.25), time);
        using var _ = stopping.Register(timer.Dispose);
        do
        {
            yield return Read(session);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private void Count(Func<Snapshot, Snapshot> add, int[]? slots = null)
    {
        lock (_lock)
        {
            Advance();
            _total = add(_total);
            if (slots is not null)
            {
                slots[_slot % Slots]++;
            }
        }
    }

    private void Advance()
    {
        for (var now = time.GetElapsedTime(_start).Ticks / Slot.Ticks; _slot < now;)
        {
            _slot++;
            _calls[_slot % Slots] = _refreshes[_slot % Slots] = 0;
        }
    }

    /// <summary>The counts at one moment, with the session state of the user who requests them.</summary>
    public sealed record Snapshot(
        int Pages,
        int ApiCalls,
        int Refused,
        int Refreshes,
        [property: JsonConverter(typeof(JsonStringEnumConverter<TokenSessionState>))] TokenSessionState State,
        int[] Calls,
        int[] RefreshesAt);
}

/// <summary>Counts requests and their responses.</summary>
internal sealed class CountingHandler(Action<HttpStatusCode> count) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        count(response.StatusCode);
        return response;
    }
}
