using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage;

/// <summary>What the types of the storage say of themselves, in a debugger or a failed assertion: no token.</summary>
public sealed class RecordTextTests
{
    private static readonly LoginRecord Record = new() { State = LoginState.SignedIn, LoginId = "a", Version = 5, Tokens = "canary" };

    [Theory]
    [InlineData(null, "LoginRecord { State = SignedIn, LoginId = a, Version = 5, Lease =  }")]
    [InlineData("mine", "LoginRecord { State = SignedIn, LoginId = a, Version = 5, Lease = mine }")]
    public void A_record_names_its_state_and_the_holder_of_its_lease(string? holder, string expected)
    {
        var record = holder is null ? Record : Record with { Lease = new RefreshLease(holder, TimeSpan.FromSeconds(1)) };

        Assert.Equal(expected, record.ToString());
        Assert.Equal($"LoginStoreResult {{ Status = Newer, Record = {expected} }}", new LoginStoreResult(LoginStatus.Newer, record).ToString());
    }

    [Fact]
    public void A_result_without_tokens_says_so_if_they_are_read() =>
        Assert.Contains("Leased", Assert.Throws<InvalidOperationException>(() => new LoginStoreResult(LoginStatus.Leased, Record).Tokens).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("", 0)]
    [InlineData("00000000000000ff", 255)]
    [InlineData("not a number", -1)]
    public void A_login_id_is_read_from_its_text(string text, long value)
    {
        var id = LoginId.Parse(text);

        Assert.Equal(value, id.Value);
        Assert.Equal(value == -1 ? "ffffffffffffffff" : text, id.ToString());
    }

    [Fact]
    public async Task Without_a_store_a_session_without_a_login_finds_none()
    {
        var found = await new MemoryLoginStore(TimeProvider.System).LoadAsync(HeldLogin.None, TestContext.Current.CancellationToken);

        Assert.Equal(LoginStatus.NotFound, found.Status);
    }
}
