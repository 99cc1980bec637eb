namespace TokenRefresh.Protocol;

internal static class BackchannelSend
{
    /// <summary>
    /// Sends a request with the HTTP version that the app has set for the client, and returns when the response's headers are there.
    /// </summary>
    public static Task<HttpResponseMessage> SendBackchannelAsync(
        this HttpClient client, HttpRequestMessage message, CancellationToken cancellationToken)
    {
#if NET8_0_OR_GREATER
        // HttpClient itself uses these defaults only for the messages that it creates.
        message.Version = client.DefaultRequestVersion;
        message.VersionPolicy = client.DefaultVersionPolicy;
#endif
        return client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }
}
