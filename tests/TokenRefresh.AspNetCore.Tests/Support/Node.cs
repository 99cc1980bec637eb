using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenRefresh.TestKit;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>One node of a web app: Kestrel on a port of its own, as a user of the package would write it.</summary>
internal sealed class Node : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Node(WebApplication app, NodeSetup setup, Uri address)
    {
        _app = app;
        Address = address;
        Log = setup.Log;
    }

    public Uri Address { get; }

    public LogLines Log { get; }

    public IServiceProvider Services => _app.Services;

    public TokenSessions Sessions => _app.Services.GetRequiredService<TokenSessions>();

    public Uri At(string path) => new(Address, path);

    public static async Task<Node> StartAsync(Provider provider, NodeSetup? setup = null)
    {
        setup ??= new NodeSetup();
        var address = new Uri($"{(setup.Certificate is null ? "http" : "https")}://127.0.0.1:{FreePort.Find()}/");
        await provider.AllowAsync(address);
        var builder = CreateBuilder(setup, address);
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
            .AddCookie()
            .AddOpenIdConnect(options =>
            {
                Configure(options, provider);
                setup.ConfigureProvider(options);
            });
        var session = builder.Services.AddUserTokenSession("shop", configureUsers: setup.ConfigureUsers);
        builder.Services.AddHttpClient("orders", client => client.BaseAddress = provider.Address).AddTokenRefreshHandler("shop");
        setup.ConfigureSession(session);
        setup.ConfigureServices(builder.Services);
        return await StartAsync(builder, setup, address);
    }

    public static void Configure(OpenIdConnectOptions options, Provider provider)
    {
        options.Authority = provider.Address.ToString();
        options.RequireHttpsMetadata = false;
        options.ClientId = Provider.ClientId;
        options.ClientSecret = Provider.ClientSecret;
        options.ResponseType = "code";
    }

    public static WebApplicationBuilder CreateBuilder(NodeSetup setup, Uri address)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, address.Port, listen =>
        {
            if (setup.Certificate is { } certificate)
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseHttps(certificate);
            }
        }));
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(setup.Log);
        builder.Services.AddSingleton(setup.Clock ?? setup.Time);
        builder.Services.AddDataProtection().SetApplicationName("nodes").PersistKeysToFileSystem(new DirectoryInfo(setup.Keys));
        builder.Services.AddAuthorization();
        return builder;
    }

    public static async Task<Node> StartAsync(WebApplicationBuilder builder, NodeSetup setup, Uri address)
    {
        var app = builder.Build();
        setup.ConfigurePipeline(app);
        app.UseExceptionHandler(error => error.Run(context => context.Response.WriteAsync("The app's own error page.")));
        app.UseTokenRefresh();
        app.MapSignOut();
        app.MapUser();
        app.MapBackChannelLogout();
        app.MapGet("/", () => Results.Text("home"));
        app.MapGet("/orders", GetOrdersAsync).RequireAuthorization();
        app.MapGet("/open/orders", GetOrdersAsync);
        setup.Map(app);
        await app.StartAsync();
        return new Node(app, setup, address);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static async Task<string> GetOrdersAsync(IHttpClientFactory clients, CancellationToken cancellationToken)
    {
        using var response = await clients.CreateClient("orders").GetAsync("api/me", cancellationToken);
        return "orders of " + await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(cancellationToken);
    }
}

/// <summary>How a node is set up. Nodes of one app share it.</summary>
internal sealed class NodeSetup
{
    public JumpingTime Time { get; } = new();

    /// <summary>If it is set, the node speaks HTTP/2 only, over TLS.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The clock in place of <see cref="Time"/>, where timers count too.</summary>
    public TimeProvider? Clock { get; init; }

    public string Keys { get; init; } = Directory.CreateTempSubdirectory("tokenrefresh-keys-").FullName;

    public LogLines Log { get; } = new();

    public Action<UserTokenOptions>? ConfigureUsers { get; init; }

    public Action<OpenIdConnectOptions> ConfigureProvider { get; init; } = _ => { };

    public Action<TokenSessionBuilder> ConfigureSession { get; init; } = _ => { };

    public Action<IServiceCollection> ConfigureServices { get; init; } = _ => { };

    /// <summary>Adds to the front of the pipeline.</summary>
    public Action<IApplicationBuilder> ConfigurePipeline { get; init; } = _ => { };

    public Action<WebApplication> Map { get; init; } = _ => { };
}
