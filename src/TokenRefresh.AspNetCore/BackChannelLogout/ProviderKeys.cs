using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace TokenRefresh.AspNetCore.BackChannelLogout;

/// <summary>Fetches a provider's keys again where a token names one that isn't known: the provider may have a new one.</summary>
internal sealed class ProviderKeys(TimeProvider time)
{
    // Anyone can send a token with an unknown key. That must not become a flood of requests to the provider.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, long> _lastFetch = new(StringComparer.Ordinal);

    /// <returns>The keys, or <see langword="null"/> if they were fetched a moment ago or can't be fetched.</returns>
    public async Task<IEnumerable<SecurityKey>?> FetchAgainAsync(
        OpenIdConnectOptions options, OpenIdConnectConfiguration configuration, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(configuration.JwksUri) || options.Backchannel is null || !TryBegin(configuration.JwksUri))
        {
            return null;
        }

        // The sign-in needs the new key too.
        options.ConfigurationManager?.RequestRefresh();
        try
        {
            // The scheme's client limits the length of an answer.
            var document = await options.Backchannel.GetStringAsync(configuration.JwksUri, cancellationToken).ConfigureAwait(false);
            return new JsonWebKeySet(document).GetSigningKeys();
        }
        catch (Exception e)
            when (e is HttpRequestException or IOException or InvalidOperationException or ArgumentException or JsonException)
        {
            return null;
        }
    }

    private bool TryBegin(string jwksUri)
    {
        var now = time.GetTimestamp();
        if (_lastFetch.TryAdd(jwksUri, now))
        {
            return true;
        }

        var last = _lastFetch[jwksUri];
        return time.GetElapsedTime(last, now) >= Interval && _lastFetch.TryUpdate(jwksUri, now, last);
    }
}
