using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using OpenIddict.Validation.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace TokenRefresh.Samples.Servers;

/// <summary>
/// A real OpenID Connect provider (OpenIddict on Kestrel) and an API that accepts its tokens, on a free loopback port of this process. Its
/// login page asks for no password. A reused refresh token is answered with <c>invalid_grant</c>, and revokes all tokens of its login.
/// </summary>
public sealed class OpenIdConnectServer : IAsyncDisposable
{
    /// <summary>The client's identifier.</summary>
    public const string ClientId = "shop";

    /// <summary>The client's secret.</summary>
    public const string ClientSecret = "a secret: with spaces, 100 % & umläuts";

    private const string UserCookie = "provider-user";
    private const string SessionCookie = "provider-session";
    private static readonly string[] Users = ["alice", "bob"];
    private readonly WebApplication _app;

    private OpenIdConnectServer(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
        Counters = app.Services.GetRequiredService<ServerCounters>();
    }

    /// <summary>The address of the provider, which is its issuer, and of the API (<c>GET api/me</c>).</summary>
    public Uri Address { get; }

    /// <summary>What the server received.</summary>
    public ServerCounters Counters { get; }

    /// <summary>Starts the server.</summary>
    /// <param name="accessTokenLifetime">How long access tokens live.</param>
    public static async Task<OpenIdConnectServer> StartAsync(TimeSpan accessTokenLifetime)
    {
        // It isn't the host name of the apps, so that the browser sees two sites, as in production.
        var port = FindPort();
        var address = new Uri($"http://localhost:{port}/");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.AddSingleton<ServerCounters>();
        var database = Guid.NewGuid().ToString();
        builder.Services.AddDbContext<DbContext>(db => db.UseInMemoryDatabase(database).UseOpenIddict());
        builder.Services.AddAuthentication(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme);
        builder.Services.AddAuthorization();
        AddOpenIddict(builder.Services, address, accessTokenLifetime);

        var app = builder.Build();
        app.Use(CountAsync);
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapMethods("/connect/authorize", [HttpMethods.Get, HttpMethods.Post], (Delegate)Authorize);
        app.MapPost("/connect/token", (Delegate)IssueAsync);
        app.MapMethods("/connect/logout", [HttpMethods.Get, HttpMethods.Post], (Delegate)EndSession);
        app.MapGet("/api/me", (ClaimsPrincipal user) => Results.Ok(new { user = user.GetClaim(Claims.Subject) })).RequireAuthorization();
        await app.StartAsync();
        await RegisterClientAsync(app.Services);
        return new OpenIdConnectServer(app, address);
    }

    /// <summary>Revokes all tokens of a user: the next refresh is <c>invalid_grant</c>.</summary>
    /// <param name="user">The user.</param>
    public async Task RevokeAsync(string user)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<IOpenIddictTokenManager>().RevokeBySubjectAsync(user);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void AddOpenIddict(IServiceCollection services, Uri address, TimeSpan accessTokenLifetime) => services.AddOpenIddict()
        .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<DbContext>().DisableBulkOperations())
        .AddServer(server =>
        {
            server.SetIssuer(address);
            server.SetAuthorizationEndpointUris("/connect/authorize").SetTokenEndpointUris("/connect/token")
                .SetRevocationEndpointUris("/connect/revoke").SetEndSessionEndpointUris("/connect/logout");
            server.AllowAuthorizationCodeFlow().AllowRefreshTokenFlow();
            server.RegisterScopes(Scopes.OpenId, Scopes.Profile, Scopes.OfflineAccess);
            server.SetAccessTokenLifetime(accessTokenLifetime).SetRefreshTokenReuseLeeway(TimeSpan.Zero);
            server.DisableAccessTokenEncryption();
            server.AddSigningKey(new RsaSecurityKey(RSA.Create(2048)));
            server.AddEncryptionKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)));
            server.UseAspNetCore().EnableAuthorizationEndpointPassthrough().EnableTokenEndpointPassthrough().EnableEndSessionEndpointPassthrough()
                .DisableTransportSecurityRequirement();
            server.Configure(configuration => configuration.TokenValidationParameters.ClockSkew = TimeSpan.Zero);

            // The port of a sample isn't known before it starts. A real provider compares registered addresses.
            server.RemoveEventHandler(OpenIddict.Server.OpenIddictServerHandlers.Authentication.ValidateClientRedirectUri.Descriptor);
            server.RemoveEventHandler(OpenIddict.Server.OpenIddictServerHandlers.Session.ValidateClientPostLogoutRedirectUri.Descriptor);
            server.RemoveEventHandler(OpenIddict.Server.OpenIddictServerHandlers.Session.ValidateAuthorizedParty.Descriptor);
        })
        .AddValidation(validation =>
        {
            validation.UseLocalServer();
            validation.UseAspNetCore();
            validation.Configure(configuration => configuration.TokenValidationParameters.ClockSkew = TimeSpan.Zero);
        });

    private static async Task RegisterClientAsync(IServiceProvider services)
    {
        await using var scope = services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>().CreateAsync(new OpenIddictApplicationDescriptor
        {
            ClientId = ClientId,
            ClientSecret = ClientSecret,
            ClientType = ClientTypes.Confidential,
            ConsentType = ConsentTypes.Implicit,
            RedirectUris = { new Uri("http://127.0.0.1/signin-oidc") },
            Permissions =
            {
                Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.Endpoints.Revocation, Permissions.Endpoints.EndSession,
                Permissions.GrantTypes.AuthorizationCode, Permissions.GrantTypes.RefreshToken, Permissions.ResponseTypes.Code, Permissions.Scopes.Profile,
            },
        });
    }

    private static async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        var counters = context.RequestServices.GetRequiredService<ServerCounters>();
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync() : null;
        if (form?["grant_type"].ToString() != GrantTypes.RefreshToken)
        {
            await next(context);
            if (context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
            {
                counters.CountApi(context.Response.StatusCode);
            }

            return;
        }

        counters.BeginRefresh(form["refresh_token"].ToString());
        try
        {
            await next(context);
        }
        finally
        {
            counters.EndRefresh(context.Response.StatusCode);
        }
    }

    private static IResult Authorize(HttpContext context)
    {
        var request = context.GetOpenIddictServerRequest()!;
        var user = (string?)request["sign_in_as"] ?? context.Request.Cookies[UserCookie];
        if (string.IsNullOrEmpty(user))
        {
            return Results.Content(LoginPage(context.Request), "text/html; charset=utf-8");
        }

        var session = context.Request.Cookies[SessionCookie] ?? Guid.NewGuid().ToString("N");
        context.Response.Cookies.Append(UserCookie, user);
        context.Response.Cookies.Append(SessionCookie, session);
        var identity = new ClaimsIdentity(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, user).SetClaim(Claims.Name, user).SetClaim("sid", session);
        identity.SetScopes(request.GetScopes());
        identity.SetDestinations(claim => claim.Type is "sid" or Claims.Name ? [Destinations.IdentityToken] : [Destinations.AccessToken]);
        return Results.SignIn(new ClaimsPrincipal(identity), properties: null, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private static string LoginPage(HttpRequest request)
    {
        var address = WebUtility.HtmlEncode($"{request.Path}{request.QueryString}");
        var links = Users.Select(user => $"<p><a id=\"{user}\" href=\"{address}&amp;sign_in_as={user}\">Sign in as {user}</a></p>");
        return $"<!doctype html><title>Sign in</title><h1>The provider's login page</h1>{string.Concat(links)}";
    }

    private static async Task<IResult> IssueAsync(HttpContext context)
    {
        var known = await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        return Results.SignIn(known.Principal!, properties: null, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private static IResult EndSession(HttpContext context)
    {
        context.Response.Cookies.Delete(UserCookie);
        context.Response.Cookies.Delete(SessionCookie);
        return Results.SignOut(new AuthenticationProperties { RedirectUri = "/" }, [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme]);
    }

    private static int FindPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
