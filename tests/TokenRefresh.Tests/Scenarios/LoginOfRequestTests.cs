using System;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading.Tasks;
using TokenRefresh.TestKit;
using Xunit;

namespace TokenRefresh.Tests.Scenarios;

/// <summary>A request belongs to the login that it was made under.</summary>
public sealed class LoginOfRequestTests
{
    [Fact]
    [Trait("Case", "A5")]
    public async Task A_request_made_while_the_user_is_asked_to_sign_in_is_not_sent_as_another_user_who_signs_in()
    {
        var asked = new Gate();
        await using var app = TestApp.Create(options => options.SignInInteractively = async (_, ct) =>
        {
            await asked.PassAsync(ct);
            return null;
        });
        await app.SignInAsync();
        app.Tokens.ExpireAccessTokens();
        app.Tokens.RevokeRefreshTokens();
        var before = app.GetAsync();
        await asked.ArrivedAsync(1);
        var during = app.Client.PostAsync(new Uri("transfers", UriKind.Relative), new StringContent("from the first user's account"));
        Assert.False(during.IsCompleted);

        await app.SignInAsync();
        using var first = await before.WaitAsync(Gate.FailSafe, TimeProvider.System);
        using var second = await during.WaitAsync(Gate.FailSafe, TimeProvider.System);

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (first.StatusCode, second.StatusCode));
        Assert.DoesNotContain(app.Api.Received, request => request.Method == HttpMethod.Post);
    }
}
