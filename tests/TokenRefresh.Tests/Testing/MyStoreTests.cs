using System;
using System.Threading.Tasks;
using TokenRefresh.Tests.Storage;
using Xunit;

namespace TokenRefresh.Tests.Testing;

/// <summary>The contract as docs/testing.md has people run it: with real time.</summary>
public sealed class MyStoreTests : TokenStoreContract
{
    private readonly DictionaryTokenStore _store = new();

    public static TheoryData<string> AllRules => [.. Rules];

    protected override ITokenStore Open() => _store;

    protected override Task AdvanceTimeAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);

    [Theory]
    [MemberData(nameof(AllRules))]
    public Task Keeps_the_rule(string rule) => CheckAsync(rule);
}
