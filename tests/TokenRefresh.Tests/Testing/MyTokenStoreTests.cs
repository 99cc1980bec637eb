// The file of docs/testing-examples.md: the contract with real time. A new project imports the first two by itself.
using System;
using System.Threading.Tasks;
using MyTokenStore = TokenRefresh.Tests.Storage.DictionaryTokenStore;

// MyTokenStoreTests.cs
using TokenRefresh;
using TokenRefresh.Testing;
using Xunit;

namespace Orders.Tests;

public sealed class MyTokenStoreTests : TokenStoreContract
{
    private readonly MyTokenStore _store = new();

    public static TheoryData<string> AllRules => [.. Rules];

    protected override ITokenStore Open() => _store;

    protected override Task AdvanceTimeAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System);

    [Theory]
    [MemberData(nameof(AllRules))]
    public Task Keeps_the_rule(string rule) => CheckAsync(rule);
}
