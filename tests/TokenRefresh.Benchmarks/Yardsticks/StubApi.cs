using System;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;

namespace TokenRefresh.Benchmarks.Yardsticks;

/// <summary>An API that answers at once, on the caller's thread: 401 to the token "old", 200 to any other.</summary>
internal sealed class StubApi : HttpMessageHandler
{
    public static readonly Uri Address = new("https://api.example.com/me");

    private int _refused;

    public int Refused => Volatile.Read(ref _refused);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var isOld = request.Headers.NonValidated.TryGetValues("Authorization", out var values) && values.ToString() == "Bearer old";
        if (isOld)
        {
            Interlocked.Increment(ref _refused);
        }

        return Task.FromResult(new HttpResponseMessage(isOld ? HttpStatusCode.Unauthorized : HttpStatusCode.OK) { RequestMessage = request });
    }
}
