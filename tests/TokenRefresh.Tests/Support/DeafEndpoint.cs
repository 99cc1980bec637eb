using System.Globalization;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Tests.Support;

/// <summary>An endpoint that doesn't hear that it is cancelled, and gives its numbered tokens when its gate opens.</summary>
internal sealed class DeafEndpoint : ITokenEndpoint
{
    private int _number;

    public Gate Gate { get; } = new();

    public async Task<TokenEndpointResult> RefreshAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture);
        await Gate.PassAsync(CancellationToken.None);
        return TokenEndpointResult.Succeeded(new TokenSet("token-" + number, "next-" + number));
    }
}
