using System.Reflection;
using System.Runtime.Versioning;
using Microsoft.EntityFrameworkCore;
using TokenRefresh.EntityFrameworkCore.Tests;

namespace TokenRefresh.EntityFrameworkCore8.Tests;

[Trait("Case", "S16")]
public sealed class BuildUnderTest
{
    [Theory]
    [InlineData(typeof(EntityFrameworkCoreTokenStore<AppDbContext>))]
    [InlineData(typeof(TokenSession))]
    public void The_library_that_is_tested_here_is_the_net8_build(Type type)
    {
        var framework = type.Assembly.GetCustomAttribute<TargetFrameworkAttribute>();

        Assert.Equal(".NETCoreApp,Version=v8.0", framework!.FrameworkName);
    }

    [Fact]
    public void EF_Core_is_version_8() => Assert.Equal(8, typeof(DbContext).Assembly.GetName().Version!.Major);
}
