using System.Diagnostics;
using System.Net;
using TokenRefresh.AspNetCore.Tests.Support;
using TokenRefresh.ServerTests;
using TokenRefresh.TestKit;

namespace TokenRefresh.PackageTests;

/// <summary>Runs the first program of docs/aspnetcore.md, against the packed packages and a real provider.</summary>
[Trait("Case", "W21")]
public sealed class WebProgramTests(PackedPackages packages) : IAsyncLifetime
{
    private readonly Uri _address = new($"http://127.0.0.1:{FreePort.Find()}/");
    private readonly Browser _browser = new();
    private Provider _provider = null!;

    public async ValueTask InitializeAsync()
    {
        _provider = await Provider.StartAsync();
        await _provider.AllowAsync(_address);
    }

    [Fact]
    public async Task It_signs_in_refreshes_once_for_six_tabs_survives_a_restart_and_signs_out()
    {
        var folder = await BuildAsync();
        await using (var app = Start(folder))
        {
            await app.ListeningAsync();
            Assert.Contains("My orders", (await _browser.GoAsync(_address)).Text, StringComparison.Ordinal);
            Assert.Equal("alice", (await _browser.GoAsync(At("orders"))).Text);

            var tabs = await ReloadAfterAnExpiryAsync();

            Assert.All(tabs, tab => Assert.Equal((HttpStatusCode.OK, "alice"), (tab.Status, tab.Text)));
            Assert.Single(_provider.ReceivedRefreshTokens);
        }

        await using (var app = Start(folder))
        {
            await app.ListeningAsync();
            Assert.Equal("alice", (await _browser.GoAsync(At("orders"))).Text);
            Assert.Equal(1, _provider.Logins);
            Assert.Single(_provider.ReceivedRefreshTokens);

            var page = await _browser.SubmitAsync(At("logout"), from: _address);

            // The browser was at the provider, and is home again with a new login.
            Assert.Contains("My orders", page.Text, StringComparison.Ordinal);
            Assert.Single(_provider.IdTokenHints);
            Assert.Equal(2, _provider.Logins);
            await Eventually.TrueAsync(() => !_provider.RevokedTokens.IsEmpty);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await _provider.DisposeAsync();
    }

    private async Task<Page[]> ReloadAfterAnExpiryAsync()
    {
        _provider.ApiRejectsAll = true;
        _provider.BeforeRefresh = () =>
        {
            _provider.ApiRejectsAll = false;
            return Task.CompletedTask;
        };
        return await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => _browser.GoAsync(At("orders"))));
    }

    // Redis is replaced by a folder, as the page says.
    private Task<string> BuildAsync()
    {
        var provider = _provider.Address.OriginalString;
        return DocumentedProgram.BuildAsync(
            packages,
            page: "docs-aspnetcore-",
            folder: "served",
            ("options.Authority = \"https://login.example.com\";", $"options.Authority = \"{provider}\"; options.RequireHttpsMetadata = false;"),
            (".UseRedis(\"redis.example.com\")", ".UseFileStore(\"tokens\")"),
            ("new Uri(\"https://api.example.com\")", $"new Uri(\"{provider}\")"),
            ("GetStringAsync(\"orders\")", "GetStringAsync(\"api/me\")"));
    }

    // The keys of Data Protection are kept in HOME.
    private SampleProcess Start(string folder) =>
        new(new ProcessStartInfo("dotnet", [Path.Combine(folder, "bin", "Debug", "net10.0", "shop.dll")])
        {
            WorkingDirectory = folder,
            Environment =
            {
                ["ASPNETCORE_URLS"] = _address.OriginalString,
                ["ClientSecret"] = Provider.ClientSecret,
                ["HOME"] = packages.MakeDirectory("home"),
            },
        });

    private Uri At(string path) => new(_address, path);
}
