using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using TokenRefresh.Protocol;
using TokenRefresh.Refreshing;

namespace TokenRefresh.Tests.Protocol;

public sealed class EndpointExceptionClassifierTests
{
    [Theory]
    [InlineData(HttpRequestError.NameResolutionError, TokenEndpointOutcome.Transient)]
    [InlineData(HttpRequestError.ConnectionError, TokenEndpointOutcome.Transient)]
    [InlineData(HttpRequestError.SecureConnectionError, TokenEndpointOutcome.Transient)]
    [InlineData(HttpRequestError.ProxyTunnelError, TokenEndpointOutcome.Transient)]
    [InlineData(HttpRequestError.ResponseEnded, TokenEndpointOutcome.ResponseLost)]
    [InlineData(HttpRequestError.InvalidResponse, TokenEndpointOutcome.ResponseLost)]
    [InlineData(HttpRequestError.HttpProtocolError, TokenEndpointOutcome.ResponseLost)]
    [InlineData(HttpRequestError.ConfigurationLimitExceeded, TokenEndpointOutcome.ResponseLost)]
    [InlineData(HttpRequestError.Unknown, TokenEndpointOutcome.ResponseLost)]
    public void What_failed_before_sending_leaves_no_doubt(HttpRequestError error, TokenEndpointOutcome expected)
    {
        var result = EndpointExceptionClassifier.Classify(new HttpRequestException(error, "canary"));

        Assert.Equal(expected, result.Outcome);
        Assert.Equal(expected == TokenEndpointOutcome.ResponseLost, result.RefreshTokenMayBeUsed);
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    public void A_response_that_an_endpoint_throws_as_an_exception_isnt_lost(HttpStatusCode status)
    {
        var result = EndpointExceptionClassifier.Classify(new HttpRequestException("canary", inner: null, status));

        Assert.Equal((TokenEndpointOutcome.Transient, false), (result.Outcome, result.RefreshTokenMayBeUsed));
        Assert.Contains($"answered {(int)status},", result.Description, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", result.Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(7, false)]
    [InlineData(0x10B, false)]
    [InlineData(8, true)]
    [InlineData(2, true)]
    public void A_request_that_the_server_refused_to_process_leaves_no_doubt(long code, bool mayBeUsed)
    {
        var result = EndpointExceptionClassifier.Classify(new HttpRequestException(HttpRequestError.HttpProtocolError, "canary", new HttpProtocolException(code, "canary", null)));

        Assert.Equal(mayBeUsed ? TokenEndpointOutcome.ResponseLost : TokenEndpointOutcome.Transient, result.Outcome);
        Assert.Equal(mayBeUsed, result.RefreshTokenMayBeUsed);
        Assert.DoesNotContain("canary", result.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_password_of_a_proxy_that_refuses_the_connection_is_not_passed_on()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var refusing = RefuseAsync(listener);
        using var client = new HttpClient(new SocketsHttpHandler { Proxy = new WebProxy($"http://user:canary@{listener.LocalEndpoint}") });

        var thrown = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("https://login.example.com")));
        await refusing;
        var result = EndpointExceptionClassifier.Classify(thrown);

        Assert.Contains("canary", thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", FailureMessages.From("orders", result).ToException().ToString(), StringComparison.Ordinal);
        Assert.Equal((TokenEndpointOutcome.Transient, false), (result.Outcome, result.RefreshTokenMayBeUsed));
    }

    private static async Task RefuseAsync(TcpListener listener)
    {
        using var client = await listener.AcceptTcpClientAsync();
        using var stream = client.GetStream();
        await stream.ReadExactlyAsync(new byte[16]);
        await stream.WriteAsync("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
    }

    [Fact]
    public void A_rejected_certificate_is_a_matter_of_configuration()
    {
        var exception = new HttpRequestException(HttpRequestError.SecureConnectionError, "TLS", new IOException("x", new AuthenticationException("y")));

        Assert.Equal(TokenEndpointOutcome.Misconfigured, EndpointExceptionClassifier.Classify(exception).Outcome);
    }

    [Fact]
    public void So_is_one_that_a_handler_over_the_old_web_stack_reports()
    {
        var exception = new HttpRequestException("TLS", new WebException("canary", WebExceptionStatus.TrustFailure));

        Assert.Equal(TokenEndpointOutcome.Misconfigured, EndpointExceptionClassifier.Classify(exception).Outcome);
    }

    [Theory]
    [InlineData(TokenRefreshFailure.Transient)]
    [InlineData(TokenRefreshFailure.ReLoginRequired)]
    public void An_endpoint_that_another_session_guards_and_that_had_no_token_for_it_was_sent_nothing(TokenRefreshFailure failure)
    {
        var result = EndpointExceptionClassifier.Classify(new TokenRefreshException(failure, "The other session failed."));

        Assert.Equal((TokenEndpointOutcome.Transient, false), (result.Outcome, result.RefreshTokenMayBeUsed));
    }

    [Fact]
    public void A_timeout_marks_the_token_possibly_used_and_is_not_repeated()
    {
        foreach (var exception in new Exception[] { new TaskCanceledException("x", new TimeoutException()), new TimeoutException(), new InvalidOperationException() })
        {
            var result = EndpointExceptionClassifier.Classify(exception);
            Assert.Equal(TokenEndpointOutcome.Transient, result.Outcome);
            Assert.True(result.RefreshTokenMayBeUsed);
        }
    }

    [Fact]
    [Trait("Case", "C42")]
    public void What_failed_after_sending_may_quote_the_answer_and_is_not_handed_on()
    {
        foreach (var exception in new Exception[]
        {
            new HttpRequestException(HttpRequestError.InvalidResponse, "Received an invalid header line: 'canary'."),
            new HttpRequestException("canary", new HttpIOException(HttpRequestError.InvalidResponse, "canary")),
            new IOException("canary", new SocketException(1)),
            new InvalidOperationException("canary"),
        })
        {
            var result = EndpointExceptionClassifier.Classify(exception);
            Assert.Null(result.Exception);
            Assert.DoesNotContain("canary", result.Description, StringComparison.Ordinal);
        }
    }
}
