using System.Net;
using System.Net.Http.Headers;

namespace TokenRefresh.Benchmarks.Yardsticks;

/// <summary>What is written in most projects: a semaphore around the token, and another look inside it.</summary>
internal sealed class TextbookHandler(string token, Func<CancellationToken, Task<string>> refresh) : DelegatingHandler
{
    private readonly SemaphoreSlim _semaphore = new(1, 1);
    private string _token = token;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var used = await GetTokenAsync(cancellationToken).ConfigureAwait(false);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", used);
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.Unauthorized)
        {
            return response;
        }

        await _semaphore.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_token == used)
            {
                _token = await refresh(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _semaphore.Release();
        }

        response.Dispose();
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async Task<string> GetTokenAsync(CancellationToken cancellationToken)
    {
        await _semaphore.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _token;
        }
        finally
        {
            _semaphore.Release();
        }
    }
}
