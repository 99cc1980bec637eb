using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using TokenRefresh.Samples.Servers;

namespace TokenRefresh.Samples.Bff;

/// <summary>The API that this app calls for its users, and the token server where the users sign in.</summary>
internal sealed class Upstream(Uri api, Uri tokenEndpoint, TokenEndpointProtocol protocol, IAsyncDisposable? server = null) : IAsyncDisposable
{
    private readonly HttpClient _http = new();

    public Uri Api => api;

    /// <summary>Revokes all refresh tokens of a user; null if the sample didn't start the server.</summary>
    public Func<string, Task>? RevokeAsync => server switch
    {
        SimpleJwtServer django => django.RevokeAsync,
        OAuthServer oauth => oauth.RevokeAsync,
        _ => null,
    };

    /// <summary>The server that is configured under <c>Upstream</c>; else Django, started here; else an OAuth server in this process.</summary>
    public static async Task<Upstream> FindAsync(IConfiguration configuration)
    {
        var configured = configuration.GetSection("Upstream");
        if (configured.GetValue<Uri>("Api") is { } api)
        {
            return new Upstream(api, configured.GetValue<Uri>("TokenEndpoint")!, configured.GetValue<TokenEndpointProtocol>("Protocol"));
        }

        var lifetime = configuration.GetValue<TimeSpan>("AccessTokenLifetime");
        if (SimpleJwtServer.MissingReason is null)
        {
            var django = await SimpleJwtServer.StartAsync(new SimpleJwtServerOptions { AccessTokenLifetime = lifetime, IsStrict = true });
            return new Upstream(django.Address, django.TokenEndpoint, TokenEndpointProtocol.SimpleJwt, django);
        }

        var oauth = await OAuthServer.StartAsync(new OAuthServerOptions { AccessTokenLifetime = lifetime });
        return new Upstream(oauth.Api, oauth.TokenEndpoint, TokenEndpointProtocol.OAuth, oauth);
    }

    public void Configure(TokenRefreshOptions options)
    {
        options.TokenEndpoint = tokenEndpoint;
        options.Protocol = protocol;
        if (protocol == TokenEndpointProtocol.OAuth)
        {
            options.ClientId = OAuthServer.ClientId;
            options.ClientSecret = OAuthServer.ClientSecret;
        }
    }

    /// <summary>Exchanges a user's password for tokens; null if it is wrong. Your own app can use another login, such as the code flow.</summary>
    public async Task<TokenSet?> SignInAsync(string user, string password, CancellationToken cancellationToken)
    {
        using var response = protocol == TokenEndpointProtocol.SimpleJwt
            ? await _http.PostAsJsonAsync(new Uri(tokenEndpoint, "../"), new { username = user, password }, cancellationToken)
            : await _http.PostAsync(tokenEndpoint, OAuthForm(user, password), cancellationToken);
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.BadRequest)
        {
            return null;
        }

        var answer = await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return protocol == TokenEndpointProtocol.SimpleJwt
            ? new TokenSet(Text("access"), Text("refresh"))
            : new TokenSet(Text("access_token"), Text("refresh_token"))
            {
                ExpiresAt = TimeProvider.System.GetUtcNow().AddSeconds(answer.GetProperty("expires_in").GetInt32()),
            };

        string Text(string name) => answer.GetProperty(name).GetString()!;
    }

    /// <summary>The arguments for another instance with the same server.</summary>
    public string ToArguments() => $"--Upstream:Api={api} --Upstream:TokenEndpoint={tokenEndpoint} --Upstream:Protocol={protocol}";

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }

    private static FormUrlEncodedContent OAuthForm(string user, string password) => new(new Dictionary<string, string>
    {
        ["grant_type"] = "password",
        ["username"] = user,
        ["password"] = password,
        ["scope"] = "offline_access",
        ["client_id"] = OAuthServer.ClientId,
        ["client_secret"] = OAuthServer.ClientSecret,
    });
}

/// <summary>The response of the API about the user of an access token.</summary>
internal sealed record User([property: JsonPropertyName("user")] string Name);
