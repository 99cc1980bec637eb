using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh;

/// <summary>Redeems a refresh token: how a refresh is asked for.</summary>
public interface ITokenEndpoint
{
    /// <summary>Asks once. Attempts, deadline and single flight are the session's business.</summary>
    /// <param name="request">What to redeem.</param>
    /// <param name="cancellationToken">Ends with the flight's deadline.</param>
    /// <returns>
    /// What the answer means. An exception is allowed: one of HTTP or the network is read as what it says (refused: transient; cut after
    /// sending: the answer was lost), any other as a transient failure in which the refresh token may have been spent.
    /// </returns>
    Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken);
}
