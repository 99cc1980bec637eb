using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>Fetches a provider's keys again if a token names an unknown key: the provider may have a new key.</summary>
internal sealed class ProviderKeys(TimeProvider time)
{
    // Anyone can send tokens with unknown keys. They must not cause many requests to the provider.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, Fetch> _fetches = new(StringComparer.Ordinal);

    /// <summary>Fetches the keys, or returns those of the last fetch if that is recent or running.</summary>
    /// <returns>The keys, or <see langword="null"/> if they can't be fetched.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<IReadOnlyList<SecurityKey>?> FetchAgainAsync(
        OpenIdConnectOptions options, OpenIdConnectConfiguration configuration, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(configuration.JwksUri) || options.Backchannel is null)
        {
            return Task.FromResult<IReadOnlyList<SecurityKey>?>(null);
        }

        var fetch = _fetches.AddOrUpdate(
            configuration.JwksUri,
            uri => Begin(options, uri),
            (uri, last) => time.GetElapsedTime(last.StartedAt) < Interval ? last : Begin(options, uri));
        return fetch.Keys.Value.WaitAsync(cancellationToken);
    }

    // A fetch that loses the race for its place is never started. A fetch isn't cancelled with the request that began it, because other
    // requests wait for it.
    private Fetch Begin(OpenIdConnectOptions options, string jwksUri) =>
        new(time.GetTimestamp(), new Lazy<Task<IReadOnlyList<SecurityKey>?>>(() => FetchAsync(options, jwksUri)));

    private static async Task<IReadOnlyList<SecurityKey>?> FetchAsync(OpenIdConnectOptions options, string jwksUri)
    {
        // The sign-in needs the new key too.
        options.ConfigurationManager?.RequestRefresh();
        try
        {
            // The scheme's client limits the time and the length of the response.
            var document = await options.Backchannel.GetStringAsync(jwksUri, CancellationToken.None).ConfigureAwait(false);
            return [.. new JsonWebKeySet(document).GetSigningKeys()];
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException
            or InvalidOperationException or ArgumentException or JsonException)
        {
            return null;
        }
    }

    private sealed record Fetch(long StartedAt, Lazy<Task<IReadOnlyList<SecurityKey>?>> Keys);
}
