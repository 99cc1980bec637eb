using System;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

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
}
