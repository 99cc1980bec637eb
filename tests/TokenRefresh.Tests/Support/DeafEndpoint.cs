using System.Globalization;

namespace TokenRefresh.Tests.Support;

/// <summary>An endpoint that ignores its cancellation, and returns its numbered tokens when the test says so.</summary>
internal sealed class DeafEndpoint : ITokenEndpoint
{
    // The code that waits for an answer continues within AnswerAsync.
    private readonly TaskCompletionSource<bool> _answer = new();
    private int _number;

    /// <summary>The gate that every call passes. It holds no call.</summary>
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
