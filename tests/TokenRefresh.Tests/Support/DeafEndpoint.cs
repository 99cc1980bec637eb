using System.Globalization;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Tests.Support;

/// <summary>An endpoint that doesn't hear that it is cancelled, and gives its numbered tokens when it is told to.</summary>
internal sealed class DeafEndpoint : ITokenEndpoint
{
    // Whoever waits for an answer goes on within AnswerAsync.
    private readonly TaskCompletionSource<bool> _answer = new();
    private int _number;

    /// <summary>Where every call passes by. It holds nobody.</summary>
    public Gate Calls { get; } = new();

    /// <summary>Answers the calls so far, and all that come. What the caller does with the answer at once is done then.</summary>
    public Task AnswerAsync() => Task.Run(() => _answer.TrySetResult(true));

    public async Task<TokenEndpointResult> RequestTokenAsync(TokenEndpointRequest request, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture);
        _ = Calls.PassAsync(CancellationToken.None);
        await _answer.Task.ConfigureAwait(false);
        return TokenEndpointResult.Succeeded(new TokenSet("token-" + number, "next-" + number));
    }
}
