using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenRefresh.Samples.Bff;

/// <summary>The two pages. They contain the values that are known when they are sent.</summary>
internal static class Page
{
    public static IResult Home(string user, string instance, Counts.Snapshot counts, bool canRevoke) => Html("home.html",
        ("user", user), ("instance", instance), ("counts", JsonSerializer.Serialize(counts, JsonSerializerOptions.Web)), ("revoke", canRevoke ? "" : "hidden"));

    public static IResult Login(bool isRefused) => Html("login.html", ("error", isRefused ? "" : "hidden"));

    private static IResult Html(string name, params (string Name, string Value)[] values)
    {
        var html = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Pages", name));
        foreach (var (key, value) in values)
        {
            html = html.Replace("{{" + key + "}}", HtmlEncoder.Default.Encode(value), StringComparison.Ordinal);
        }

        return Results.Content(html, "text/html; charset=utf-8");
    }
}
