using TokenRefresh.Handling;
using TokenRefresh.TestKit;

namespace TokenRefresh.Tests.Handling;

/// <summary>What the handlers of a session remember is limited, whatever the number of logins and origins.</summary>
public sealed class HandlerMemoryTests
{
    private const int Limit = 1024;

    [Fact]
    public void Origins_that_want_another_scheme_are_forgotten_when_there_are_too_many()
    {
        var memory = new HandlerMemory();
        var login = LoginId.New();
        for (var i = 0; i < Limit; i++)
        {
            memory.RememberOtherScheme(login, Address(i));
        }

        Assert.True(memory.WantsOtherScheme(login, Address(0)));
        memory.RememberOtherScheme(login, Address(Limit));

        Assert.False(memory.WantsOtherScheme(login, Address(0)));
        Assert.True(memory.WantsOtherScheme(login, Address(Limit)));
        Assert.False(memory.WantsOtherScheme(LoginId.New(), Address(Limit)));
    }

    [Fact]
    public async Task The_oldest_header_is_forgotten_when_there_are_too_many()
    {
        await using var app = TestApp.Create();
        var owner = new HeaderOwner(app.Session.Context.Services, userKey: null, LoginId.New());
        var headers = new RecentHeaders();
        for (var i = 0; i < Limit; i++)
        {
            headers.Add("Bearer " + i, owner);
        }

        // A header that is there already takes no place.
        headers.Add("Bearer 1", owner);
        Assert.Same(owner, headers.Find("Bearer 0"));
        headers.Add("Bearer next", owner);

        Assert.Null(headers.Find("Bearer 0"));
        Assert.Same(owner, headers.Find("Bearer 1"));
        Assert.Same(owner, headers.Find("Bearer next"));
    }

    private static Uri Address(int number) => new($"https://api-{number}.example.com/");
}
