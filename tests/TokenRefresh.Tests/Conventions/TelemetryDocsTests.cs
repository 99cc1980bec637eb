using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using TokenRefresh.Diagnostics;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Tests.Conventions;

/// <summary>The page, the dashboard and the code have the same metrics, activities, tags and log events.</summary>
public sealed partial class TelemetryDocsTests
{
    private static readonly string Docs = Path.Combine(ConventionTests.Root, "docs");
    private static readonly string Page = File.ReadAllText(Path.Combine(Docs, "telemetry.md"));

    [Fact]
    public void The_page_names_every_metric_activity_and_tag() => Assert.All(
        Constants(),
        constant => Assert.Matches(
            constant.Name.EndsWith("Name", StringComparison.Ordinal) ? $"TokenRefreshTelemetry\\.{constant.Name}" : $"\\| `{Regex.Escape(constant.Value)}` \\|",
            Page));

    [Fact]
    public void Every_log_event_has_a_name_an_id_of_its_own_in_its_range_and_says_which_session()
    {
        Assert.Equal(Events().Count, Events().Select(entry => entry.EventId).Distinct().Count());
        Assert.Equal(Events().Count, Events().Select(entry => entry.EventName).Distinct().Count());
        Assert.All(Events(), entry =>
        {
            Assert.InRange(entry.EventId, 101, 499);
            Assert.False(string.IsNullOrEmpty(entry.EventName));
            Assert.StartsWith("Session '{Session}': ", entry.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void The_page_names_every_value_of_a_tag()
    {
        var values = Enum.GetValues<FlightReason>().Select(TagValues.Of)
            .Concat(Enum.GetValues<FlightOutcome>().Select(TagValues.Of))
            .Concat(Enum.GetValues<ReLoginReason>().Select(TagValues.Of))
            .Concat(Enum.GetValues<TokenSessionState>().Select(TagValues.Of));

        Assert.All(values, value => Assert.Contains($"`{value}`", Page, StringComparison.Ordinal));
    }

    [Fact]
    public void The_health_check_of_the_page_is_the_one_that_is_tested()
    {
        var tested = File.ReadAllText(Path.Combine(ConventionTests.Root, "tests", "TokenRefresh.Tests", "Diagnostics", "TokenHealthCheck.cs"));

        Assert.Contains(tested[tested.IndexOf("public sealed class", StringComparison.Ordinal)..].Trim(), Page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_dashboard_asks_for_every_metric_and_for_nothing_else()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Docs, "grafana-dashboard.json")));
        var asked = dashboard.RootElement.GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .SelectMany(target => Name().Matches(target.GetProperty("expr").GetString()!))
            .Select(match => match.Value)
            .ToHashSet();

        var metrics = Constants().Where(constant => constant.IsMetric).Select(PrometheusName).ToHashSet();
        var labels = Constants().Where(constant => constant.Name.EndsWith("Tag", StringComparison.Ordinal)).Select(constant => Plain(constant.Value));
        Assert.Empty(metrics.Except(asked));
        Assert.Empty(asked.Except(metrics).Except(labels));
    }

    private static List<Constant> Constants() => [.. typeof(TokenRefreshTelemetry)
        .GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static)
        .Select(field => new Constant(field.Name, (string)field.GetRawConstantValue()!))];

    private static List<LoggerMessageAttribute> Events() => [.. typeof(SessionLog)
        .GetMethods(BindingFlags.Public | BindingFlags.Static)
        .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()!)];

    // As OpenTelemetry's exporters and collectors name them: the unit, then _total for what only grows.
    private static string PrometheusName(Constant metric) => metric.Name switch
    {
        nameof(TokenRefreshTelemetry.RefreshDuration) => Plain(metric.Value) + "_seconds_bucket",
        nameof(TokenRefreshTelemetry.WaitingRequests) or nameof(TokenRefreshTelemetry.Sessions) => Plain(metric.Value),
        _ => Plain(metric.Value) + "_total",
    };

    private static string Plain(string name) => name.Replace('.', '_');

    [GeneratedRegex("token_refresh_[a-z0-9_]+", RegexOptions.None, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Name();

    private sealed record Constant(string Name, string Value)
    {
        public bool IsMetric => Value.StartsWith("token_refresh.", StringComparison.Ordinal)
            && !Name.EndsWith("Tag", StringComparison.Ordinal)
            && !Name.EndsWith("Activity", StringComparison.Ordinal);
    }
}
