using System.Net;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
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
/// A real OAuth 2.0 server (OpenIddict on Kestrel) and an API that accepts its tokens, on two free loopback ports of this process. Refresh
/// tokens rotate without a grace period. A reused one is answered with <c>invalid_grant</c>, and revokes all tokens of its sign-in.
/// </summary>
public sealed class OAuthServer : IAsyncDisposable
{
    /// <summary>The client's identifier.</summary>
    public const string ClientId = "shop";

    /// <summary>The client's secret; the server accepts it as Basic and in the form.</summary>
    public const string ClientSecret = "a secret: with spaces, 100 % & umläuts";

    private readonly WebApplication _app;
    private readonly HttpClient _http = new();

    private OAuthServer(WebApplication app)
    {
        _app = app;
        var urls = app.Urls.Select(url => new Uri(url)).ToArray();
        Api = urls[0];
        TokenEndpoint = new Uri(urls[1], "oauth/token");
        Counters = app.Services.GetRequiredService<ServerCounters>();
    }

    /// <summary>The API's address: <c>GET api/me</c> and <c>POST api/echo</c>.</summary>
    public Uri Api { get; }

    /// <summary>The token endpoint, on a port of its own.</summary>
    public Uri TokenEndpoint { get; }

    /// <summary>What the server received.</summary>
    public ServerCounters Counters { get; }

    /// <summary>Starts the server.</summary>
    /// <param name="options">How it issues tokens.</param>
    public static async Task<OAuthServer> StartAsync(OAuthServerOptions? options = null)
    {
        options ??= new OAuthServerOptions();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port: 0);
            kestrel.Listen(IPAddress.Loopback, port: 0);
        });
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<ServerCounters>();
        builder.Services.AddSingleton<Gathering>();
        var database = Guid.NewGuid().ToString();
        builder.Services.AddDbContext<DbContext>(db => db.UseInMemoryDatabase(database).UseOpenIddict());
        builder.Services.AddAuthentication(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme);
        builder.Services.AddAuthorization();
        AddOpenIddict(builder.Services, options);

        var app = builder.Build();
        app.Use(CountAsync);
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapPost("/oauth/token", (Delegate)IssueAsync);
        app.MapGet("/api/me", (ClaimsPrincipal user) => Results.Ok(new { user = user.GetClaim(Claims.Subject) })).RequireAuthorization();
        app.MapPost("/api/echo", EchoAsync).RequireAuthorization();
        await app.StartAsync();
        await RegisterClientAsync(app.Services);
        return new OAuthServer(app);
    }

    /// <summary>Signs a user in by the password grant, over HTTP like any client.</summary>
    /// <param name="user">The user. Any name is accepted.</param>
    public async Task<OAuthTokens> SignInAsync(string user = "alice")
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "password",
            ["username"] = user,
            ["password"] = "any",
            ["scope"] = "offline_access",
            ["client_id"] = ClientId,
            ["client_secret"] = ClientSecret,
        });
        using var response = await _http.PostAsync(TokenEndpoint, form);
        response.EnsureSuccessStatusCode();
        var answer = (await response.Content.ReadFromJsonAsync<TokenResponse>())!;
        return new OAuthTokens(answer.AccessToken, answer.RefreshToken, TimeSpan.FromSeconds(answer.ExpiresIn));
    }

    /// <summary>Makes a number of next API calls wait for each other, so that all of them run at the same time.</summary>
    /// <param name="calls">The number of calls.</param>
    public void Gather(int calls) => _app.Services.GetRequiredService<Gathering>().Begin(calls);

    /// <summary>Revokes all tokens of a user: the next refresh is <c>invalid_grant</c>.</summary>
    /// <param name="user">The user.</param>
    public async Task RevokeAsync(string user = "alice")
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var scope = _app.Services.CreateAsyncScope();
            try
            {
                await scope.ServiceProvider.GetRequiredService<IOpenIddictTokenManager>().RevokeBySubjectAsync(user);
                return;
            }
            catch (AggregateException e) when (attempt < 20 && e.InnerExceptions.All(inner => inner is DbUpdateConcurrencyException))
            {
                // One of the tokens was used at the same time.
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static void AddOpenIddict(IServiceCollection services, OAuthServerOptions options) => services.AddOpenIddict()
        .AddCore(core => core.UseEntityFrameworkCore().UseDbContext<DbContext>().DisableBulkOperations())
        .AddServer(server =>
        {
            server.SetTokenEndpointUris("/oauth/token").SetRevocationEndpointUris("/oauth/revoke");

            // The issuer is the same for requests on both ports.
            server.SetIssuer("http://issuer.example/");
            server.AllowPasswordFlow().AllowRefreshTokenFlow().AllowClientCredentialsFlow();
            server.RegisterScopes(Scopes.OfflineAccess);
            server.SetAccessTokenLifetime(options.AccessTokenLifetime).SetRefreshTokenLifetime(options.RefreshTokenLifetime);
            server.SetRefreshTokenReuseLeeway(TimeSpan.Zero);
            server.DisableAccessTokenEncryption();
            server.AddSigningKey(new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)));
            server.AddEncryptionKey(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)));
            server.UseAspNetCore().EnableTokenEndpointPassthrough().DisableTransportSecurityRequirement();
            server.Configure(configuration => configuration.TokenValidationParameters.ClockSkew = TimeSpan.Zero);
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
            Permissions =
            {
                Permissions.Endpoints.Token,
                Permissions.Endpoints.Revocation,
                Permissions.GrantTypes.Password,
                Permissions.GrantTypes.RefreshToken,
                Permissions.GrantTypes.ClientCredentials,
            },
        });
    }

    private static async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        var counters = context.RequestServices.GetRequiredService<ServerCounters>();
        if (context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            await context.RequestServices.GetRequiredService<Gathering>().ArriveAsync();
            await next(context);
            counters.CountApi(context.Response.StatusCode);
            return;
        }

        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync() : null;
        if (form is null || form["grant_type"].ToString() != "refresh_token")
        {
            await next(context);
            return;
        }

        counters.BeginRefresh(form["refresh_token"].ToString());
        try
        {
            if (context.RequestServices.GetRequiredService<OAuthServerOptions>().BeforeRefresh is { } before)
            {
                await before();
            }

            await next(context);
        }
        finally
        {
            counters.EndRefresh(context.Response.StatusCode);
        }
    }

    private static async Task<IResult> IssueAsync(HttpContext context)
    {
        var request = context.GetOpenIddictServerRequest()!;
        if (request.IsRefreshTokenGrantType())
        {
            var known = await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
            return Results.SignIn(known.Principal!, properties: null, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        }

        var identity = new ClaimsIdentity(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, request.Username ?? request.ClientId);
        identity.SetScopes(request.GetScopes());
        return Results.SignIn(new ClaimsPrincipal(identity), properties: null, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private static async Task<IResult> EchoAsync(HttpRequest request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[81920];
        long length = 0;
        int read;
        while ((read = await request.Body.ReadAsync(buffer)) > 0)
        {
            hash.AppendData(buffer, 0, read);
            length += read;
        }

        return Results.Ok(new { sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()), length });
    }

    private sealed record TokenResponse(
        [property: JsonPropertyName("access_token")] string AccessToken,
        [property: JsonPropertyName("refresh_token")] string RefreshToken,
        [property: JsonPropertyName("expires_in")] long ExpiresIn);
}
