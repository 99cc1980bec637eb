using System.Net;

namespace TokenRefresh.Benchmarks.Yardsticks;

/// <summary>An API that answers at once, on the caller's thread: 401 with a challenge to the token "old", 200 to any other.</summary>
internal sealed class StubApi : HttpMessageHandler
{
    public static readonly Uri Address = new("https://api.example.com/me");

    // As Django REST framework answers.
    private static readonly byte[] Body = [.. "{\"detail\":\"Given token not valid for any token type\",\"code\":\"token_not_valid\"}"u8];

    private int _refused;

    public int Refused => Volatile.Read(ref _refused);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var isOld = request.Headers.NonValidated.TryGetValues("Authorization", out var values) && values.ToString() == "Bearer old";
        var response = new HttpResponseMessage(isOld ? HttpStatusCode.Unauthorized : HttpStatusCode.OK) { RequestMessage = request };
        if (isOld)
        {
            Interlocked.Increment(ref _refused);
            response.Content = new ByteArrayContent(Body);
            response.Headers.TryAddWithoutValidation("WWW-Authenticate", "Bearer error=\"invalid_token\"");
        }

        return Task.FromResult(response);
    }
}
