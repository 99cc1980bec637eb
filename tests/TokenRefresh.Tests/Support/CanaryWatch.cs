using System.Collections;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Reflection;
using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Tests.Support;

/// <summary>
/// Listens to all that leaves the library except requests: every log at Trace with its structured state and scopes, every metric and
/// activity with its tags, and what it is shown of exceptions, event arguments and other objects.
/// </summary>
internal sealed class CanaryWatch : IDisposable
{
    private readonly ConcurrentQueue<string> _heard = new();
    private readonly CapturingLoggerProvider _log = new();
    private readonly MeterListener _meters = new();
    private readonly ActivityListener _activities;

    public CanaryWatch()
    {
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (IsOurs(instrument.Meter.Name))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, tags));
        _meters.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Hear(instrument, tags));
        _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, tags));
        _meters.Start();
        _activities = new ActivityListener
        {
            ShouldListenTo = source => IsOurs(source.Name),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = Hear,
        };
        ActivitySource.AddActivityListener(_activities);
    }

    /// <summary>Adds the ears to an app that is being put together.</summary>
    public void Add(IServiceCollection services) => _log.Add(services);

    /// <summary>Shows it an object that the app can get hold of.</summary>
    public void See(object? seen)
    {
        switch (seen)
        {
            case null:
                return;
            case Exception exception:
                See(exception);
                return;
            default:
                _heard.Enqueue($"{seen.GetType().Name}: {seen}");
                foreach (var property in seen.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.GetIndexParameters().Length == 0))
                {
                    _heard.Enqueue($"{seen.GetType().Name}.{property.Name}: {property.GetValue(seen)}");
                }

                return;
        }
    }

    /// <summary>Fails if any of the secrets was said in any form that can be read back.</summary>
    public void AssertSilentOn(params IEnumerable<string> secrets)
    {
        _meters.RecordObservableInstruments();
        var log = _log.Messages.Where(message => !message.Category.StartsWith("System.Net.Http.HttpClient.orders.", StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(log, message => message.Category.Contains("Backchannel", StringComparison.Ordinal));
        Assert.Contains(log, message => message.Category.StartsWith("TokenRefresh", StringComparison.Ordinal));
        var all = log.Select(message => $"{message.Category}/{message.EventName}: {message.Text}").Concat(_heard).ToList();
        foreach (var secret in secrets.SelectMany(Spellings))
        {
            Assert.DoesNotContain(all, text => text.Contains(secret, StringComparison.OrdinalIgnoreCase));
        }
    }

    public void Dispose()
    {
        _meters.Dispose();
        _activities.Dispose();
    }

    // The platform's own HTTP tracing quotes what it can't read (SECURITY.md): only the platform can change that.
    private static bool IsOurs(string name) => name.StartsWith("TokenRefresh", StringComparison.Ordinal) || name.StartsWith("Polly", StringComparison.Ordinal);

    private static IEnumerable<string> Spellings(string secret) =>
        [secret, Uri.EscapeDataString(secret), Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)), Convert.ToHexString(Encoding.UTF8.GetBytes(secret))];

    private void See(Exception exception)
    {
        _heard.Enqueue(exception.ToString());
        foreach (var property in exception.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            _heard.Enqueue($"{exception.GetType().Name}.{property.Name}: {property.GetValue(exception)}");
        }

        foreach (DictionaryEntry entry in exception.Data)
        {
            _heard.Enqueue($"Data {entry.Key}: {entry.Value}");
        }

        if (exception.InnerException is { } inner)
        {
            See(inner);
        }
    }

    private void Hear(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var tag in tags)
        {
            _heard.Enqueue(string.Create(CultureInfo.InvariantCulture, $"Metric {instrument.Name} {tag.Key}: {tag.Value}"));
        }
    }

    private void Hear(Activity activity)
    {
        _heard.Enqueue($"Activity {activity.DisplayName} {activity.StatusDescription}");
        foreach (var tag in activity.TagObjects.Concat(activity.Events.SelectMany(e => e.Tags)).Concat(activity.Baggage.Select(item => new KeyValuePair<string, object?>(item.Key, item.Value))))
        {
            _heard.Enqueue(string.Create(CultureInfo.InvariantCulture, $"Activity {activity.DisplayName} {tag.Key}: {tag.Value}"));
        }
    }
}
