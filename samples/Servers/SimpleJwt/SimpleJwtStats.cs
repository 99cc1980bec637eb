using System.Text.Json.Serialization;

namespace TokenRefresh.Samples.Servers;

/// <summary>What the server received.</summary>
public sealed record SimpleJwtStats
{
    /// <summary>How many refreshes were requested.</summary>
    [JsonPropertyName("refresh_calls")]
    public int Refreshes { get; init; }

    /// <summary>How many of them were answered with tokens.</summary>
    [JsonPropertyName("refresh_ok")]
    public int RefreshesGranted { get; init; }

    /// <summary>How many were answered 401.</summary>
    [JsonPropertyName("refresh_401")]
    public int Refreshes401 { get; init; }

    /// <summary>How many were answered 429.</summary>
    [JsonPropertyName("refresh_429")]
    public int Refreshes429 { get; init; }

    /// <summary>How many were answered 500.</summary>
    [JsonPropertyName("refresh_500")]
    public int Refreshes500 { get; init; }

    /// <summary>The largest number of refreshes that ran at the same time.</summary>
    [JsonPropertyName("refresh_peak_in_flight")]
    public int RefreshPeak { get; init; }

    /// <summary>The shortest time between a refresh and the next one, in seconds; <see langword="null"/>: there weren't two.</summary>
    [JsonPropertyName("shortest_gap_s")]
    public double? ShortestGap { get; init; }

    /// <summary>How many API calls were answered 200.</summary>
    [JsonPropertyName("api_200")]
    public int Api200 { get; init; }

    /// <summary>How many API calls were answered 401.</summary>
    [JsonPropertyName("api_401")]
    public int Api401 { get; init; }

    /// <summary>How many API calls were answered 403.</summary>
    [JsonPropertyName("api_403")]
    public int Api403 { get; init; }

    /// <summary>How many refresh tokens arrived more than once.</summary>
    [JsonPropertyName("presented_twice")]
    public int PresentedTwice { get; init; }
}
