using System.Net;
using System.Text.RegularExpressions;

using Microsoft.Net.Http.Headers;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>
/// What a browser does, as far as logins go: cookies by host name (never by port), SameSite, redirects, forms that submit themselves, fetch
/// metadata. Its tabs are tasks.
/// </summary>
internal sealed partial class Browser : IDisposable
{
    private const int MaxRedirects = 12;
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseCookies = false,
        AllowAutoRedirect = false,
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => Certificates.Local.Equals(certificate) },
    });
    private readonly Dictionary<(string Host, string Name), SetCookieHeaderValue> _cookies = [];

    /// <summary>Every address that was asked for.</summary>
    public List<string> Visited { get; } = [];

    /// <summary>Every line of every answer's header, and every page.</summary>
    public List<string> Received { get; } = [];

    public IEnumerable<string> CookieNames(Uri site)
    {
        lock (_cookies)
        {
            return [.. _cookies.Keys.Where(key => key.Host == site.Host).Select(key => key.Name)];
        }
    }

    public string? Cookie(Uri site, string name)
    {
        lock (_cookies)
        {
            return _cookies.TryGetValue((site.Host, name), out var cookie) ? cookie.Value.ToString() : null;
        }
    }

    public void SetCookie(Uri site, string name, string? value)
    {
        lock (_cookies)
        {
            _cookies.Remove((site.Host, name));
            if (value is not null)
            {
                _cookies[(site.Host, name)] = new SetCookieHeaderValue(name, value);
            }
        }
    }

    /// <summary>Opens a page and follows all redirects.</summary>
    public Task<Page> GoAsync(Uri address) => NavigateAsync(new HttpRequestMessage(HttpMethod.Get, address), from: null);

    /// <summary>Submits a form of a page on another or the same site.</summary>
    public Task<Page> SubmitAsync(Uri address, Uri? from, params (string Name, string Value)[] fields) => NavigateAsync(
        new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))),
        },
        from);

    /// <summary>What a script of the page fetches. Redirects aren't followed.</summary>
    public async Task<Page> FetchAsync(Uri address, HttpMethod? method = null, string site = "same-origin")
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Get, address);
        request.Headers.Add("Sec-Fetch-Mode", "cors");
        request.Headers.Add("Sec-Fetch-Site", site);
        request.Headers.Add("Accept", "*/*");
        return await SendAsync(request, isCrossSite: site == "cross-site");
    }

    /// <summary>Sends a request as it is, with the browser's cookies.</summary>
    public Task<Page> SendAsync(HttpRequestMessage request) => SendAsync(request, isCrossSite: false);

    public void Dispose() => _http.Dispose();

    private async Task<Page> NavigateAsync(HttpRequestMessage request, Uri? from)
    {
        for (var redirects = 0; ; redirects++)
        {
            Assert.True(redirects < MaxRedirects, "A redirect loop:\n" + string.Join('\n', Visited.TakeLast(MaxRedirects)));
            var address = request.RequestUri!;
            var isCrossSite = from is not null && from.Host != address.Host;
            request.Headers.Add("Sec-Fetch-Mode", "navigate");
            request.Headers.Add("Sec-Fetch-Site", from is null ? "none" : isCrossSite ? "cross-site" : from.Authority == address.Authority ? "same-origin" : "same-site");
            request.Headers.Add("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
            var page = await SendAsync(request, isCrossSite);
            request.Dispose();
            if ((int)page.Status is 301 or 302 or 303)
            {
                from ??= address;
                request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, page.Location!));
                continue;
            }

            if (page.Status == HttpStatusCode.OK && page.Text.Contains("submit()", StringComparison.Ordinal) && Form().Match(page.Text) is { Success: true } form)
            {
                from = address;
                request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, WebUtility.HtmlDecode(form.Groups["action"].Value)))
                {
                    Content = new FormUrlEncodedContent(Inputs(page.Text)),
                };
                continue;
            }

            return page;
        }
    }

    private async Task<Page> SendAsync(HttpRequestMessage request, bool isCrossSite)
    {
        var address = request.RequestUri!;
        lock (_cookies)
        {
            Visited.Add($"{request.Method} {address}");
            var sent = _cookies.Where(cookie => cookie.Key.Host == address.Host && IsSent(cookie.Value, request.Method, isCrossSite))
                .Select(cookie => $"{cookie.Key.Name}={cookie.Value.Value}");
            request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", sent));
        }

        // HTTP/2 where the server offers it, which is over TLS only.
        request.Version = HttpVersion.Version20;
        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        lock (_cookies)
        {
            Received.Add($"{response.Headers}{response.Content.Headers}{text}");
            foreach (var cookie in SetCookieHeaderValue.ParseList(response.Headers.TryGetValues("Set-Cookie", out var set) ? [.. set] : []))
            {
                Store(address, cookie);
            }
        }

        return new Page(response.StatusCode, text, response.Headers.Location?.OriginalString, address, response.Headers.RetryAfter?.ToString(), response.Content.Headers.ContentType?.MediaType, response.Version);
    }

    private void Store(Uri address, SetCookieHeaderValue cookie)
    {
        var key = (address.Host, cookie.Name.ToString());
        _cookies.Remove(key);
        if (cookie.Value.Length > 0 && !(cookie.Expires < DateTimeOffset.UnixEpoch.AddYears(1)))
        {
            _cookies[key] = cookie;
        }
    }

    // A cookie without the attribute counts as Lax.
    private static bool IsSent(SetCookieHeaderValue cookie, HttpMethod method, bool isCrossSite) =>
        !isCrossSite || cookie.SameSite == Microsoft.Net.Http.Headers.SameSiteMode.None || (method == HttpMethod.Get && cookie.SameSite != Microsoft.Net.Http.Headers.SameSiteMode.Strict);

    private static IEnumerable<KeyValuePair<string, string>> Inputs(string html) => Input().Matches(html)
        .Select(input => KeyValuePair.Create(WebUtility.HtmlDecode(input.Groups["name"].Value), WebUtility.HtmlDecode(input.Groups["value"].Value)));

    [GeneratedRegex("<form[^>]*action=\"(?<action>[^\"]*)\"[^>]*>", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Form();

    [GeneratedRegex("<input[^>]*name=\"(?<name>[^\"]*)\"[^>]*value=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 60_000)]
    private static partial Regex Input();
}

/// <summary>What a browser got.</summary>
internal sealed record Page(HttpStatusCode Status, string Text, string? Location, Uri Address, string? RetryAfter, string? MediaType, Version Version);
