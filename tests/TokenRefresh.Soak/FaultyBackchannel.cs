using System.Net;

namespace TokenRefresh.Soak;

/// <summary>Carries token calls, and now and then doesn't: in ways that spend no refresh token, so that every re-login has another cause.</summary>
internal sealed class FaultyBackchannel(string user) : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        switch (Random.Shared.Next(30))
        {
            case 0:
                throw new HttpRequestException(HttpRequestError.ConnectionError, "The server is away.");
            case 1:
                return new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        }

        Node.Say("begin " + user);
        var response = await base.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            Node.Say("end " + user);
        }

        return response;
    }
}
