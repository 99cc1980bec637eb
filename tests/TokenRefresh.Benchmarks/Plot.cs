using System.Globalization;
using System.Text;
using TokenRefresh.Benchmarks.Runs;

namespace TokenRefresh.Benchmarks;

/// <summary>Draws the contenders as bars: how many times the floor's time a request takes.</summary>
internal static class Plot
{
    private const int Width = 640;
    private const int Line = 34;
    private const int Left = 170;

    public static string Draw(IEnumerable<(string Name, Ratios.Row Row)> contenders)
    {
        var bars = contenders.ToArray();
        var highest = bars.Max(bar => bar.Row.OverFloor);
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture,
            $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {(bars.Length * Line) + 44}" font-family="sans-serif" font-size="13">""");
        svg.AppendLine("""<rect width="100%" height="100%" fill="#fff"/><text x="10" y="22" font-weight="bold">Time of a request with a good token, floor = 1 (stub API)</text>""");
        foreach (var (bar, index) in bars.Select((bar, index) => (bar, index)))
        {
            var y = 36 + (index * Line);
            var width = (Width - Left - 70) * bar.Row.OverFloor / highest;
            var name = bar.Name["stub: ".Length..];
            svg.AppendLine(CultureInfo.InvariantCulture, $"""
                <text x="{Left - 8}" y="{y + 17}" text-anchor="end">{name}</text>
                <rect x="{Left}" y="{y}" width="{width:0.0}" height="{Line - 10}" rx="3" fill="{(name == "TokenRefresh" ? "#2563eb" : "#9ca3af")}"/>
                <text x="{Left + width + 6:0.0}" y="{y + 17}">{bar.Row.OverFloor:0.00} ×</text>
                """);
        }

        return svg.AppendLine("</svg>").ToString();
    }
}
