using Polly;
using Polly.Retry;

namespace TokenRefresh.Protocol;

/// <summary>The Polly pipeline around the token requests of a flight.</summary>
internal static class RefreshPipeline
{
    private const int MaxAttempts = 3;
    private static readonly ResiliencePropertyKey<int> Retries = new("TokenRefresh.Retries");
    private static readonly ResiliencePropertyKey<bool> WasReplayed = new("TokenRefresh.WasReplayed");
    private static readonly ResiliencePropertyKey<bool> PreviousFlightFailed = new("TokenRefresh.PreviousFlightFailed");

    public static ResiliencePipeline<TokenEndpointResult> Build(
        TokenRefreshOptions options, TimeProvider time, Func<double> random, CancellationToken stopping)
    {
        var builder = new ResiliencePipelineBuilder<TokenEndpointResult> { Name = "TokenRefresh", TimeProvider = time };
        if (options.ConfigureRefreshPipeline is { } configure)
        {
            configure(builder);
            return builder.Build();
        }

        return builder.AddRetry(new RetryStrategyOptions<TokenEndpointResult>
        {
            // A replay and a retry have limits of their own: see MayAskAgain.
            MaxRetryAttempts = MaxAttempts,
            ShouldHandle = args => new ValueTask<bool>(
                !stopping.IsCancellationRequested && MayAskAgain(args.Context.Properties, args.Outcome.Result)),
            DelayGenerator = static _ => new ValueTask<TimeSpan?>(TimeSpan.Zero),

            // Polly's own delay can't end early. A disposal must end the pause at once, but not a call that is running.
            OnRetry = async args =>
            {
                var delay = Delay(args.Context.Properties, args.Outcome.Result!, random());
                using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, args.Context.CancellationToken);
                await time.DelayWasCancelledAsync(delay, end.Token).ConfigureAwait(false);
            },
        }).Build();
    }

    /// <summary>Makes the token calls of one flight.</summary>
    /// <param name="pipeline">The pipeline that <see cref="Build"/> made.</param>
    /// <param name="attempt">Makes one call.</param>
    /// <param name="previousFlightFailed">
    /// Whether the flight before failed too. Then one attempt is enough: more of them only multiply the load of a server that is down.
    /// </param>
    /// <param name="cancellationToken">The flight's deadline.</param>
    public static async ValueTask<TokenEndpointResult> ExecuteAsync(
        ResiliencePipeline<TokenEndpointResult> pipeline,
        Func<CancellationToken, ValueTask<TokenEndpointResult>> attempt,
        bool previousFlightFailed,
        CancellationToken cancellationToken)
    {
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: false, cancellationToken);
        context.Properties.Set(PreviousFlightFailed, previousFlightFailed);
        try
        {
            return await pipeline
                .ExecuteAsync(static (context, attempt) => attempt(context.CancellationToken), context, attempt).ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static bool MayAskAgain(ResilienceProperties flight, TokenEndpointResult? result) => result switch
    {
        // The response has a new refresh token, so the one of this flight is used up.
        { NewRefreshToken: not null } => false,

        // Most servers that rotate accept the same refresh token again for a short time. It is sent once more only, because more look like
        // theft.
        { Outcome: TokenEndpointOutcome.ResponseLost } => !flight.GetValue(WasReplayed, false),
        { Outcome: TokenEndpointOutcome.Transient, RefreshTokenMayBeUsed: false, RetryAfter: null } =>
            !flight.GetValue(PreviousFlightFailed, false) && flight.GetValue(Retries, 0) < MaxAttempts - 1,
        _ => false,
    };

    private static TimeSpan Delay(ResilienceProperties flight, TokenEndpointResult result, double random)
    {
        if (result.Outcome == TokenEndpointOutcome.ResponseLost)
        {
            flight.Set(WasReplayed, true);
            return TimeSpan.Zero;
        }

        var retry = flight.GetValue(Retries, 0);
        flight.Set(Retries, retry + 1);
        return TimeSpan.FromSeconds(0.5 * Math.Pow(2, retry) * (0.8 + (0.4 * random)));
    }
}
