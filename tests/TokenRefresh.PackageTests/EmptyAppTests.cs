using System.Runtime.InteropServices;

namespace TokenRefresh.PackageTests;

/// <summary>The packages in an empty app with an empty package folder, on every build and as native code.</summary>
public sealed class EmptyAppTests(PackedPackages packages)
{
    private const string LastLine = "an expired token and an ended login: 2 refreshes, 1 login page";

    // An app for .NET 6 gets the netstandard2.0 build, by the same choice that NuGet makes for .NET Framework.
    private const string Project = """
        <Project Sdk="Microsoft.NET.Sdk">
          <PropertyGroup>
            <OutputType>Exe</OutputType>
            <TargetFrameworks>net10.0;net8.0;net6.0</TargetFrameworks>
            <LangVersion>latest</LangVersion>
            <ImplicitUsings>enable</ImplicitUsings>
            <Nullable>enable</Nullable>
            <UseAppHost Condition="'$(TargetFramework)' != 'net10.0'">false</UseAppHost>
            <PublishAot Condition="'$(TargetFramework)' == 'net10.0'">true</PublishAot>
            <RuntimeIdentifier Condition="'$(TargetFramework)' == 'net10.0'">{runtime}</RuntimeIdentifier>
            <AppendRuntimeIdentifierToOutputPath>false</AppendRuntimeIdentifierToOutputPath>
            <DisableTransitiveFrameworkReferenceDownloads>true</DisableTransitiveFrameworkReferenceDownloads>
            <CheckEolTargetFramework>false</CheckEolTargetFramework>
            <NuGetAudit>false</NuGetAudit>
          </PropertyGroup>
          <ItemGroup>
            <PackageReference Include="TokenRefresh" Version="{version}" />
            <PackageReference Include="TokenRefresh.Testing" Version="{version}" />
          </ItemGroup>
        </Project>
        """;

    [Fact]
    public async Task An_empty_app_runs_on_every_build_and_as_native_code()
    {
        var app = packages.MakeDirectory("app");
        await File.WriteAllTextAsync(Path.Combine(app, "App.csproj"), Project
            .Replace("{version}", packages.Version, StringComparison.Ordinal)
            .Replace("{runtime}", RuntimeInformation.RuntimeIdentifier, StringComparison.Ordinal));
        File.Copy(Path.Combine(Tool.RepositoryRoot, "samples", "Readme", "Program.cs"), Path.Combine(app, "Program.cs"));

        // The machine's own sources, and this folder beside them.
        await File.WriteAllTextAsync(
            Path.Combine(app, "nuget.config"), $"""<configuration><packageSources><add key="packed" value="{packages.Feed}" /></packageSources></configuration>""");
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["NUGET_PACKAGES"] = packages.MakeDirectory("packages"),
            ["DOTNET_ROLL_FORWARD"] = "Major",
        };

        await Tool.RunAsync("dotnet", app, environment, "build", "--nologo", "-c", "Release", "-p:TreatWarningsAsErrors=true", "-p:WarningsNotAsErrors=NU1603");
        foreach (var (target, build) in new[] { ("net10.0", "net10.0"), ("net8.0", "net8.0"), ("net6.0", "netstandard2.0") })
        {
            var output = Path.Combine(app, "bin", "Release", target);
            Assert.Equal(
                await File.ReadAllBytesAsync(Path.Combine(environment["NUGET_PACKAGES"], "tokenrefresh", packages.Version, "lib", build, "TokenRefresh.dll")),
                await File.ReadAllBytesAsync(Path.Combine(output, "TokenRefresh.dll")));
            Assert.Contains(LastLine, await Tool.RunAsync("dotnet", output, environment, "App.dll"), StringComparison.Ordinal);
        }

        await PublishNativeAsync(app, environment);
    }

    private static async Task PublishNativeAsync(string app, Dictionary<string, string> environment)
    {
        if (Missing() is { } reason)
        {
            Assert.SkipUnless(Environment.GetEnvironmentVariable("TOKENREFRESH_REQUIRE_SERVERS") == "1", reason);
            Assert.Fail(reason);
        }

        var published = Path.Combine(app, "native");
        await Tool.RunAsync(
            "dotnet", app, environment, "publish", "--nologo", "-f", "net10.0", "-o", published, "-p:TreatWarningsAsErrors=true", "-p:WarningsNotAsErrors=NU1603");

        Assert.False(File.Exists(Path.Combine(published, "TokenRefresh.dll")));
        Assert.Contains(LastLine, await Tool.RunAsync(Path.Combine(published, "App"), published, environment), StringComparison.Ordinal);
    }

    private static string? Missing() =>
        !OperatingSystem.IsLinux() ? "Native code is linked on Linux only here."
        : !File.Exists("/usr/bin/clang") && !File.Exists("/usr/bin/gcc") ? "Linking native code needs Debian's package clang or gcc."
        : !File.Exists("/usr/include/zlib.h") ? "Linking native code needs Debian's package zlib1g-dev."
        : null;
}
