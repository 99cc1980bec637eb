using System.Collections.Concurrent;
using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
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
using TokenRefresh.TestKit;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>
/// A real OpenID Connect provider (OpenIddict on Kestrel) with an API behind it. It knows its user by a cookie of the browser, and asks for
/// nothing. Its host name differs from that of the apps, so that its requests to them are cross-site.
/// </summary>
internal sealed partial class Provider : IAsyncDisposable
{
    public const string ClientId = "shop";
    public const string ClientSecret = "a secret: with spaces, 100 % & umläuts";
    public const string UserCookie = "op_user";
    public const string SessionCookie = "op_sid";

    private readonly WebApplication _app;
    private readonly List<Uri> _apps = [];

    private Provider(int port)
    {
        Address = new Uri($"http://localhost:{port}/");
        _app = Build(port);
    }

    public Uri Address { get; }

    // Making a key takes longer than a test.
    public static RsaSecurityKey Key { get; } = new(RSA.Create(2048)) { KeyId = "provider-key" };

    public static TimeSpan AccessTokenLifetime { get; } = TimeSpan.FromHours(1);

    /// <summary>Whether the provider issues no refresh tokens, whatever is requested.</summary>
    public bool RefusesOfflineAccess { get; set; }

    /// <summary>Whether the provider issues no id tokens at a refresh. OpenID Connect Core, section 12.2, allows it.</summary>
    public bool IssuesNoIdTokens { get; set; }

    /// <summary>Whether the API rejects every token, as one with another audience does.</summary>
    public bool ApiRejectsAll { get; set; }

    /// <summary>How many members of its own a token response has.</summary>
    public int ExtraMembers { get; set; }

    /// <summary>Whether the token endpoint answers 503.</summary>
    public bool IsDown { get; set; }

    /// <summary>Awaited before each refresh is answered.</summary>
    public Func<Task>? BeforeRefresh { get; set; }

    public ConcurrentQueue<string> ReceivedRefreshTokens { get; } = new();

    public ConcurrentQueue<string> RevokedTokens { get; } = new();

    public ConcurrentQueue<string> IdTokenHints { get; } = new();

    public ConcurrentQueue<string> IssuedTokens { get; } = new();

    public ConcurrentQueue<string> RequestedScopes { get; } = new();

    /// <summary>The users whose token the API accepted, in order.</summary>
    public ConcurrentQueue<string> ApiUsers { get; } = new();

    public int ApiRejections;
    public int Logins;

    public static async Task<Provider> StartAsync()
    {
        var provider = new Provider(FreePort.Find());
        await provider._app.StartAsync();
        return provider;
    }

    /// <summary>Ends all logins of a user: the next refresh is <c>invalid_grant</c>.</summary>
    public async Task RevokeAsync(string user)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<IOpenIddictTokenManager>().RevokeBySubjectAsync(user);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private WebApplication Build(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var database = Guid.NewGuid().ToString();
        builder.Services.AddDbContext<DbContext>(db => db.UseInMemoryDatabase(database).UseOpenIddict());
        builder.Services.AddAuthentication(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme);
        builder.Services.AddAuthorization();
        AddOpenIddict(builder.Services);
        var app = builder.Build();
        app.Use(ObserveAsync);
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapMethods("/connect/authorize", ["GET", "POST"], (Delegate)AuthorizeAsync);
        app.MapPost("/connect/token", (Delegate)IssueAsync);
        app.MapMethods("/connect/logout", ["GET", "POST"], (Delegate)EndSession);
        app.MapGet("/api/me", (ClaimsPrincipal user) =>
        {
            var name = user.GetClaim(Claims.Subject)!;
            ApiUsers.Enqueue(name);
            return Results.Text(name);
        }).RequireAuthorization();
        return app;
    }

    private void AddOpenIddict(IServiceCollection services) => services.AddOpenIddict()
        .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<DbContext>().DisableBulkOperations())
        .AddServer(server =>
        {
            server.SetIssuer(Address);
            server.SetAuthorizationEndpointUris("/connect/authorize").SetTokenEndpointUris("/connect/token")
                .SetRevocationEndpointUris("/connect/revoke").SetEndSessionEndpointUris("/connect/logout");
            server.AllowAuthorizationCodeFlow().AllowRefreshTokenFlow();
            server.RegisterScopes(Scopes.OpenId, Scopes.Profile, Scopes.OfflineAccess);
            server.AddEventHandler<ApplyTokenResponseContext>(handler => handler.UseInlineHandler(NoteTokens));
            server.SetAccessTokenLifetime(AccessTokenLifetime);
            server.SetRefreshTokenReuseLeeway(TimeSpan.Zero);
            server.DisableAccessTokenEncryption();
            server.AddSigningKey(Key);
            server.AddEncryptionKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)));
            server.UseAspNetCore().EnableAuthorizationEndpointPassthrough().EnableTokenEndpointPassthrough().EnableEndSessionEndpointPassthrough()
                .DisableTransportSecurityRequirement();
        })
        .AddValidation(validation =>
        {
            validation.UseLocalServer();
            validation.UseAspNetCore();
        });
}
