using System;
using System.IO;
using System.Net.Http;
using System.Net.Sockets;
using TokenRefresh.SingleFlight;
using Xunit;

namespace TokenRefresh.Tests.SingleFlight;

/// <summary>What a failed flight says: what happened, to whom, and no secret.</summary>
public sealed class FlightFailuresTests
{
    [Fact]
    public void A_verdict_is_told_with_its_session_its_words_and_its_code()
    {
        var failure = FlightFailures.From("orders", TokenEndpointResult.Misconfigured("the client is unknown.", "invalid_client"));

        Assert.Equal((TokenRefreshFailure.Configuration, "invalid_client"), (failure.Kind, failure.Error));
        Assert.Contains("'orders'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("the client is unknown. (error: invalid_client) ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_verdict_without_words_or_code_has_ours_and_none()
    {
        var failure = FlightFailures.From("orders", TokenEndpointResult.InteractionRequired(null));

        Assert.Contains("the token endpoint refused. The login", failure.Message, StringComparison.Ordinal);
        Assert.Null(failure.Error);
    }

    [Fact]
    public void An_outage_keeps_its_cause_and_the_pause_that_was_asked_for()
    {
        var cause = new IOException();
        var failure = FlightFailures.From("orders", TokenEndpointResult.Transient("busy.", retryAfter: TimeSpan.FromHours(9), exception: cause));

        Assert.Equal((TokenRefreshFailure.Transient, cause, TimeSpan.FromHours(1)), (failure.Kind, failure.Cause, failure.RetryAfter));
    }

    [Fact]
    public void A_pause_and_a_deadline_are_told_as_what_they_are()
    {
        var pause = FlightFailures.BackOff("orders", TimeSpan.FromSeconds(5));
        var late = FlightFailures.TimedOut("orders", TimeSpan.FromSeconds(2.5));
        var broken = FlightFailures.Unexpected("orders", new InvalidOperationException("canary"));

        Assert.Equal((TokenRefreshFailure.Transient, TimeSpan.FromSeconds(5)), (pause.Kind, pause.RetryAfter));
        Assert.Contains("'orders' aren't refreshed yet", pause.Message, StringComparison.Ordinal);
        Assert.Contains("'orders' couldn't be refreshed within RefreshTimeout, 2.5 s", late.Message, StringComparison.Ordinal);
        Assert.Contains("'orders' broke off (InvalidOperationException)", broken.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_that_fails_is_told_with_its_kind_of_failure_and_with_words_where_there_are_some()
    {
        var outage = FlightFailures.Store("orders", new InvalidOperationException("canary"));
        var told = FlightFailures.Store("orders", new IOException("disk"), "Nothing was saved.");
        var unreadable = FlightFailures.Store("orders", new TokenStoreConfigurationException("Another key."));
        var recursion = FlightFailures.Store("orders", new TokenRefreshException(TokenRefreshFailure.Configuration, "Waits for itself."));

        Assert.Equal((TokenRefreshFailure.Transient, null), (outage.Kind, outage.Cause));
        Assert.Contains("'orders': The token store can't be reached", outage.Message, StringComparison.Ordinal);
        Assert.EndsWith("(InvalidOperationException)", outage.Message, StringComparison.Ordinal);
        Assert.Equal("Session 'orders': Nothing was saved. (IOException)", told.Message);
        Assert.IsType<IOException>(told.Cause);
        Assert.Equal((TokenRefreshFailure.Configuration, "Session 'orders': Another key."), (unreadable.Kind, unreadable.Message));
        Assert.Equal((TokenRefreshFailure.Configuration, "Waits for itself."), (recursion.Kind, recursion.Message));
    }

    [Fact]
    public void Only_what_cant_quote_an_answer_is_handed_on()
    {
        Exception[] harmless = [new IOException(), new SocketException(), new TimeoutException(), new TokenRefreshException(TokenRefreshFailure.Transient, "x")];
        Exception[] others = [new HttpIOException(HttpRequestError.InvalidResponse, "canary"), new HttpRequestException("canary"), new InvalidOperationException("canary")];

        Assert.All(harmless, e => Assert.Same(e, FlightFailures.Harmless(e)));
        Assert.All(others, e => Assert.Null(FlightFailures.Harmless(e)));
    }
}
