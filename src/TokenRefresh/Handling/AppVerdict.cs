using System.Net;

namespace TokenRefresh.Handling;

/// <summary>Calls the app's own function that decides whether a response rejects the token, and may read its body.</summary>
internal static class AppVerdict
{
    /// <summary>Calls the function. The caller can still read the whole body.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<bool> AskAsync(
        Func<HttpResponseMessage, CancellationToken, Task<bool>> shouldRefresh,
        HttpResponseMessage response,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var preview = PreviewContent.Begin(response, time, cancellationToken);
        try
        {
            return await shouldRefresh(response, cancellationToken).WaitOrLeaveAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            preview?.Release(response);
        }
    }

    /// <summary>The beginning of a body: 64 KiB at most, and what arrives within 2 s. Nothing is read before the app reads.</summary>
    private sealed class PreviewContent(HttpContent original, TimeProvider time, CancellationToken cancellationToken) : HttpContent
    {
        private ReadAheadBody? _body;

        /// <summary>Replaces the body of the response, if it has one.</summary>
        public static PreviewContent? Begin(HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
        {
            if (response.Content is not { } original)
            {
                return null;
            }

            var preview = new PreviewContent(original, time, cancellationToken);
            original.CopyHeadersTo(preview);
            if (preview.Headers.ContentLength > ReadAheadBody.MaxLength)
            {
                // The app gets less. The platform allocates the stated length when it reads a text, and throws above 2 GiB.
                preview.Headers.ContentLength = null;
            }

            response.Content = preview;
            return preview;
        }

        /// <summary>Gives the response its whole body back.</summary>
        public void Release(HttpResponseMessage response)
        {
            _body?.Stop();
            var content = _body?.ToContent() ?? original;
            try
            {
                response.Content = content;
            }
            catch (ObjectDisposedException)
            {
                // The app has disposed the response.
                content.Dispose();
            }
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var body = await OpenAsync().ConfigureAwait(false);
            await body.CopyToAsync(stream).ConfigureAwait(false);
        }

        protected override async Task<Stream> CreateContentReadStreamAsync() => await OpenAsync().ConfigureAwait(false);

#if NET8_0_OR_GREATER
        // The app's function may read without await, as a caller of HttpClient.Send does.
        protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            OpenAsync().GetAwaiter().GetResult().CopyTo(stream);

        protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => OpenAsync().GetAwaiter().GetResult();
#endif

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        private async Task<MemoryStream> OpenAsync()
        {
            _body ??= ReadAheadBody.TryOpen(original) ?? throw new HttpRequestException("The response's body can't be opened.");
            try
            {
                await _body.ReadAheadAsync(time).WaitAsync(ReadAheadBody.MaxTime, time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                _body.Stop();
            }

            return _body.CopyAhead();
        }
    }
}
