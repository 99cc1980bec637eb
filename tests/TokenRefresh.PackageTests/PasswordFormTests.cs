using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using TokenRefresh.AspNetCore.Tests.Support;
using TokenRefresh.ServerTests;
using TokenRefresh.TestKit;

namespace TokenRefresh.PackageTests;

/// <summary>Runs the program of docs/password-form.md, against the packed packages and a server that accepts one password.</summary>
[Trait("Case", "W21")]
public sealed class PasswordFormTests(PackedPackages packages) : IAsyncLifetime
{
    private readonly Uri _address = new($"http://127.0.0.1:{FreePort.Find()}/");
    private readonly Browser _browser = new();
    private WebApplication _server = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.MapPost("/api/token/", (Login login) =>
            login.Password == "secret" ? Results.Ok(new { access = "access-1", refresh = "refresh-1" }) : Results.Unauthorized());
        _server.MapGet("/orders", (HttpRequest request) => request.Headers.Authorization == "Bearer access-1" ? Results.Text("no orders") : Results.Unauthorized());
        await _server.StartAsync();
    }

    [Fact]
    public async Task A_user_gets_to_the_page_that_they_asked_for_and_to_no_other_site()
    {
        var folder = await BuildAsync();
        await using var app = Start(folder);
        await app.ListeningAsync();

        var login = await _browser.GoAsync(At("orders?page=2"));
        Assert.Equal("/login?ReturnUrl=%2Forders%3Fpage%3D2", login.Address.PathAndQuery);
        Assert.DoesNotContain("wrong", login.Text, StringComparison.Ordinal);

        var refused = await SubmitAsync(login.Address, "guess");
        Assert.Equal(login.Address, refused.Address);
        Assert.Contains("The user or the password is wrong.", refused.Text, StringComparison.Ordinal);

        var page = await SubmitAsync(refused.Address, "secret");
        Assert.Equal((HttpStatusCode.OK, "/orders?page=2", "no orders"), (page.Status, page.Address.PathAndQuery, page.Text));

        foreach (var target in new[] { "//evil.example", "/%5Cevil.example", "https://evil.example", "orders", "" })
        {
            var home = await SubmitAsync(At("login?ReturnUrl=" + target), "secret");
            Assert.Equal((HttpStatusCode.OK, _address), (home.Status, home.Address));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _browser.Dispose();
        await _server.DisposeAsync();
    }

    private Task<Page> SubmitAsync(Uri page, string password) => _browser.SubmitAsync(page, from: page, ("user", "alice"), ("password", password));

    private Task<string> BuildAsync() => DocumentedProgram.BuildAsync(
        packages, page: "docs-password-form-", folder: "form", ("\"https://api.example.com", $"\"{_server.Urls.First()}"));

    private SampleProcess Start(string folder) =>
        new(new ProcessStartInfo("dotnet", [Path.Combine(folder, "bin", "Debug", "net10.0", "shop.dll")])
        {
            WorkingDirectory = folder,
            Environment = { ["ASPNETCORE_URLS"] = _address.OriginalString, ["HOME"] = packages.MakeDirectory("form-home") },
        });

    private Uri At(string path) => new(_address, path);

    private sealed record Login(string Username, string Password);
}
