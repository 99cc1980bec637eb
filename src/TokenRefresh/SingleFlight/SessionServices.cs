using System;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using Polly;

namespace TokenRefresh.SingleFlight;

/// <summary>What all sessions of one name share: their settings, seams and clock. A session itself holds only its state.</summary>
internal sealed class SessionServices : IAsyncDisposable
{
    public required string Name { get; init; }

    public required TokenRefreshOptions Options { get; init; }

    public required TimeProvider Time { get; init; }

    public required ITokenStore Store { get; init; }

    public required ITokenEndpoint Endpoint { get; init; }

    public required ResiliencePipeline<TokenEndpointResult> Pipeline { get; init; }

    public required ILogger Logger { get; init; }

    public ITokenProtector? Protector { get; init; }

    /// <summary>A random number from 0 to 1.</summary>
    public required Func<double> Random { get; init; }

    /// <summary>Disposed with the sessions: what was made for them alone.</summary>
    public IDisposable? Owned { get; init; }

    public OpenWork Work { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await Work.DrainAsync().ConfigureAwait(false);
        Owned?.Dispose();
    }
}
