using Microsoft.Extensions.DependencyInjection;

namespace TokenRefresh.Redis.Tests;

public sealed class RegistrationTests
{
    [Fact]
    public void A_list_of_the_services_shows_no_password()
    {
        var services = new ServiceCollection();
        services.AddTokenSession("orders").UseRedis("redis.example.com:6380,ssl=true,password=s3cret");

        Assert.All(services, service => Assert.DoesNotContain("s3cret", service.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Case", "N16")]
    public void A_function_that_returns_no_connection_is_named_at_the_start()
    {
        var services = new ServiceCollection();
        services.AddTokenSession("orders", options =>
        {
            options.TokenEndpoint = new Uri("https://login.example.com/token");
            options.ClientId = "shop";
        }).UseRedis(_ => null!).AllowUnencryptedStore();
        using var provider = services.BuildServiceProvider();

        var failure = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<TokenSessions>()["orders"]);

        Assert.Contains("passed to UseRedis returned null.", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_connection_is_opened_without_the_ambient_values_of_the_first_caller()
    {
        var user = new AsyncLocal<string?> { Value = "user-1" };
        var seen = "";
        var connection = new RedisConnection(
            () =>
            {
                seen = user.Value;
                throw new TimeoutException();
            },
            isOwned: true);

        await Assert.ThrowsAsync<TimeoutException>(() => connection.OpenAsync(CancellationToken.None));

        Assert.Null(seen);
        Assert.Equal("user-1", user.Value);
    }
}
