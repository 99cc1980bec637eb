using System.Net;
using System.Net.Http;

namespace TokenRefresh.Handling;

/// <summary>The 401 that answers a request which isn't sent, because its login has ended.</summary>
internal static class LocalResponse
{
    /// <exception cref="TokenRefreshException">The option <see cref="TokenRefreshOptions.ReLoginResult"/> asks for an exception.</exception>
    public static HttpResponseMessage Create(TokenSession session, HttpRequestMessage request)
    {
        if (session.Services.Options.ReLoginResult == ReLoginResult.Throw)
        {
            throw session.ReLogin();
        }

        var response = new HttpResponseMessage(HttpStatusCode.Unauthorized) { RequestMessage = request, Content = new ByteArrayContent([]) };
        response.Headers.TryAddWithoutValidation("WWW-Authenticate", session.Services.Options.Scheme + " error=\"invalid_token\"");
        return response;
    }
}
