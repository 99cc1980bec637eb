using System.Reflection;
using System.Runtime.Versioning;

namespace TokenRefresh.NetStandard.Tests;

public sealed class BuildUnderTest
{
    [Fact]
    public void The_library_that_is_tested_here_is_the_netstandard_build()
    {
        var framework = typeof(TokenSession).Assembly.GetCustomAttribute<TargetFrameworkAttribute>();

        Assert.Equal(".NETStandard,Version=v2.0", framework!.FrameworkName);
    }
}
