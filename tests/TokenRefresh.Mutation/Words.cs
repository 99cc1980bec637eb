using System.Runtime.CompilerServices;
using TokenRefresh.TestKit;

namespace TokenRefresh;

/// <summary>What xunit v3 says and xunit 2 doesn't, as far as the tests use it; found before xunit's own, because it is in the tests' namespace.</summary>
internal static class Words
{
    extension(Assert)
    {
        public static void SkipWhen(bool condition, string reason) => Assert.False(condition, reason);

        public static void SkipUnless(bool condition, string reason) => Assert.True(condition, reason);
    }
}

internal sealed class TestContext
{
    public static TestContext Current { get; } = new();

    public CancellationToken CancellationToken => CancellationToken.None;
}

public interface IAsyncLifetime : Xunit.IAsyncLifetime
{
    new ValueTask InitializeAsync();

    new ValueTask DisposeAsync();

    Task Xunit.IAsyncLifetime.InitializeAsync() => InitializeAsync().AsTask();

    Task Xunit.IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}

/// <summary>A mutant that hangs a test is found when the fail-safe ends it: in five seconds, not in sixty.</summary>
internal static class Haste
{
    [ModuleInitializer]
    internal static void Begin()
    {
        RuntimeHelpers.RunClassConstructor(typeof(Gate).TypeHandle);
        FailSafe(null) = TimeSpan.FromSeconds(5);
        TestApp.Patience = TimeSpan.FromSeconds(1);
    }

    [UnsafeAccessor(UnsafeAccessorKind.StaticField, Name = "<FailSafe>k__BackingField")]
    private static extern ref TimeSpan FailSafe(Gate? gate);
}
