using System.Net.Sockets;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;

namespace TokenRefresh.Tests.Refreshing;

/// <summary>The messages of failed flights: what happened, in which session, and no secret.</summary>
public sealed class FailureMessagesTests
{
    [Fact]
    public void A_result_is_reported_with_its_session_description_and_error_code()
    {
        var failure = FailureMessages.From("orders", TokenEndpointResult.Misconfigured("the client is unknown.", "invalid_client"));

        Assert.Equal((TokenRefreshFailure.Configuration, "invalid_client"), (failure.Kind, failure.Error));
        Assert.Contains("'orders'", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            "the client is unknown. (error: invalid_client) Correct the configuration; the next attempt is in 60 seconds, or at once by RefreshAsync.",
            failure.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_without_a_description_has_a_default_one()
    {
        var failure = FailureMessages.From("orders", TokenEndpointResult.InteractionRequired(null));

        Assert.Contains("the token endpoint refused. The login", failure.Message, StringComparison.Ordinal);
        Assert.Null(failure.Error);
    }

    [Fact]
    public void A_transient_failure_keeps_its_cause_and_the_requested_pause()
    {
        var cause = new IOException();
        var failure = FailureMessages.From("orders", TokenEndpointResult.Transient("busy.", retryAfter: TimeSpan.FromHours(9), exception: cause));

        Assert.Equal((TokenRefreshFailure.Transient, cause, TimeSpan.FromHours(1)), (failure.Kind, failure.Cause, failure.RetryAfter));
    }

    [Theory]
    [InlineData(TokenRefreshFailure.Configuration, TokenRefreshFailure.Configuration)]
    [InlineData(TokenRefreshFailure.Transient, TokenRefreshFailure.Transient)]
    [InlineData(TokenRefreshFailure.ReLoginRequired, TokenRefreshFailure.Transient)]
    public void A_store_that_fails_for_another_sessions_sake_is_wrongly_set_up_only_if_that_session_is(TokenRefreshFailure inner, TokenRefreshFailure expected) =>
        Assert.Equal(expected, FailureMessages.Store("orders", new TokenRefreshException(inner, "of another session")).Kind);

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(5, null, 5)]
    [InlineData(null, 7, 7)]
    [InlineData(5, 7, 7)]
    public void A_failure_tells_how_long_to_wait_by_its_cool_down_or_else_by_the_server(int? retryAfter, int? remaining, int? expected)
    {
        var failure = new FlightFailure(TokenRefreshFailure.Transient, "busy")
        {
            RetryAfter = Seconds(retryAfter),
            Remaining = Seconds(remaining),
        };

        Assert.Equal(Seconds(expected), Assert.IsType<TokenRefreshException>(failure.ToException()).RetryAfter);
        Assert.IsType<ObjectDisposedException>(FlightFailure.Disposed("orders").ToException());

        static TimeSpan? Seconds(int? value) => value is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    [Fact]
    public void A_pause_a_timeout_and_a_crash_have_messages_of_their_own()
    {
        var pause = FailureMessages.RetryLater("orders", TimeSpan.FromSeconds(5));
        var late = FailureMessages.TimedOut("orders", TimeSpan.FromSeconds(2.5));
        var broken = FailureMessages.Crashed("orders", new InvalidOperationException("canary"));

        Assert.Equal((TokenRefreshFailure.Transient, TimeSpan.FromSeconds(5)), (pause.Kind, pause.RetryAfter));
        Assert.Contains("'orders' aren't refreshed yet", pause.Message, StringComparison.Ordinal);
        Assert.EndsWith("The login is kept; try again later.", pause.Message, StringComparison.Ordinal);
        Assert.Contains("'orders' couldn't be refreshed within RefreshTimeout, 2.5 s", late.Message, StringComparison.Ordinal);
        Assert.Contains("'orders' failed unexpectedly (InvalidOperationException)", broken.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_failure_names_the_exception_type_and_what_it_means()
    {
        var outage = FailureMessages.Store("orders", new InvalidOperationException("canary"));
        var described = FailureMessages.Store("orders", new IOException("disk"), "Nothing was saved.");
        var unreadable = FailureMessages.Store("orders", new TokenStoreConfigurationException("Another key."));
        var recursion = FailureMessages.Store("orders", new TokenRefreshException(TokenRefreshFailure.Configuration, "Waits for itself."));

        Assert.Equal((TokenRefreshFailure.Transient, null), (outage.Kind, outage.Cause));
        Assert.Contains("'orders': The token store can't be reached", outage.Message, StringComparison.Ordinal);
        Assert.EndsWith("(InvalidOperationException)", outage.Message, StringComparison.Ordinal);
        Assert.Equal("Session 'orders': Nothing was saved. (IOException)", described.Message);
        Assert.IsType<IOException>(described.Cause);
        Assert.Equal((TokenRefreshFailure.Configuration, "Session 'orders': Another key."), (unreadable.Kind, unreadable.Message));
        Assert.Equal((TokenRefreshFailure.Configuration, "Waits for itself."), (recursion.Kind, recursion.Message));
    }

    [Fact]
    public void Only_exceptions_that_cannot_quote_a_response_are_passed_on()
    {
        Exception[] safe = [new IOException(), new SocketException(), new TimeoutException(), new TokenRefreshException(TokenRefreshFailure.Transient, "x")];
        Exception[] others = [new HttpIOException(HttpRequestError.InvalidResponse, "canary"), new HttpRequestException("canary"), new InvalidOperationException("canary")];

        Assert.All(safe, e => Assert.Same(e, FailureMessages.SafeInnerException(e)));
        Assert.All(others, e => Assert.Null(FailureMessages.SafeInnerException(e)));
    }
}
