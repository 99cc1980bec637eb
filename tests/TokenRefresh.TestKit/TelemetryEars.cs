using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace TokenRefresh.TestKit;

/// <summary>Hears all that the library says in its metrics and activities: every text once.</summary>
internal sealed class TelemetryEars : IDisposable
{
    private readonly ConcurrentDictionary<string, bool> _heard = new();
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _activities;
    private readonly Action<string> _search;

    public TelemetryEars(Action<string> search)
    {
        _search = search;
        _meters.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == TokenRefreshTelemetry.MeterName)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((_, _, tags, _) => Hear(tags));
        _meters.SetMeasurementEventCallback<double>((_, _, tags, _) => Hear(tags));
        _meters.Start();
        _activities = new ActivityListener
        {
            ShouldListenTo = static source => source.Name == TokenRefreshTelemetry.ActivitySourceName,
            Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                Hear(activity.DisplayName + activity.StatusDescription);
                Hear(activity.TagObjects.ToArray());
            },
        };
        ActivitySource.AddActivityListener(_activities);
    }

    public void Dispose()
    {
        _meters.RecordObservableInstruments();
        _meters.Dispose();
        _activities.Dispose();
    }

    private void Hear(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var tag in tags)
        {
            if (tag.Value is string text)
            {
                Hear(text);
            }
        }
    }

    private void Hear(string text)
    {
        if (_heard.TryAdd(text, true))
        {
            _search(text);
        }
    }
}
