using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using TokenRefresh.Storage;
using Xunit;

namespace TokenRefresh.Tests.Storage;

/// <summary>What is saved is read by other versions of the library: the texts and names are fixed.</summary>
public sealed class SavedFormatTests
{
    private const string FullRecord =
        """{"tokenrefresh":1,"lineage":"a","version":5,"saved":"2030-01-01T00:00:00+00:00","tokens":"one","attempt":{"owner":"first","leaseEnds":"2030-01-01T00:00:30+00:00","retryAt":"2030-01-01T00:00:05+00:00","inDoubt":true}}""";

    private const string DeadRecord =
        """{"tokenrefresh":1,"lineage":"a","version":6,"saved":"2030-01-01T00:00:00+00:00","end":{"signedOut":false,"reason":"LostRotation","error":"invalid_grant"}}""";

    private const string FullTokens =
        """{"v":1,"access":"access-1","refresh":"refresh-1","scheme":"Bearer","scope":"read write","expires":"2030-01-01T00:05:00+00:00","received":"2030-01-01T00:00:00+00:00"}""";

    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TokenCodec Codec = new(new TokenSessionKey("orders"), protector: null);

    [Fact]
    [Trait("Case", "B32")]
    public void The_id_token_the_end_of_the_login_and_other_members_are_saved_and_read_back()
    {
        const string text =
            """{"v":1,"access":"access-1","refresh":"refresh-1","id":"id-1","refreshExpires":"2030-01-02T00:00:00+00:00","additional":{"instance_url":"https://x.example.com","roles":"[1,2]"}}""";
        var tokens = new TokenSet("access-1", "refresh-1")
        {
            IdentityToken = "id-1",
            RefreshTokenExpiresAt = Now.AddDays(1),
            Additional = new Dictionary<string, string> { ["instance_url"] = "https://x.example.com", ["roles"] = "[1,2]" },
        };

        Assert.Equal(text, Codec.Write(tokens).Replace("\\u002B", "+", StringComparison.Ordinal));
        var read = Codec.Read(text);
        Assert.Equal(("id-1", Now.AddDays(1)), (read.IdentityToken, read.RefreshTokenExpiresAt));
        Assert.Equal(tokens.Additional, read.Additional);
    }

    [Fact]
    public void A_login_without_an_access_token_is_saved_and_read_back()
    {
        var text = Codec.Write(TokenSet.FromRefreshToken("refresh-1"));
        var read = Codec.Read(text);

        Assert.DoesNotContain("access", text, StringComparison.Ordinal);
        Assert.Equal(("", "refresh-1"), (read.AccessToken, read.RefreshToken));
        Assert.Equal(read.ReceivedAt, read.ExpiresAt);
    }

    [Fact]
    [Trait("Case", "S13")]
    public void Tokens_that_are_too_large_to_be_read_again_are_not_written()
    {
        const int overhead = 19;
        Assert.Equal(1024 * 1024, Codec.Write(new TokenSet(new string('x', (1024 * 1024) - overhead))).Length);

        var refusal = Assert.Throws<UnreadableTokensException>(() => Codec.Write(new TokenSet(new string('x', (1024 * 1024) - overhead + 1))));

        Assert.Contains("1048577", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("orders", null, "d8a3d3d758a0c4787b55e523121be2ae8c750856")]
    [InlineData("orders", "me", "3975e7f6003a3101d56dd4cc82e4e77bf1ecb3d6")]
    [InlineData("a:b", "c", "ac5eb6cc1b9029a5ccedd96dda2b59437b9228e4")]
    [InlineData("a", "b:c", "01718b20deff35872e83e261fa057211885dae0d")]
    public void A_session_keeps_its_name_and_shares_it_with_no_other(string session, string? user, string name) =>
        Assert.Equal(name, RecordName.Of(new TokenSessionKey(session, user)));

    [Fact]
    public void A_record_under_way_is_written_as_ever_and_read_back()
    {
        var record = new TokenRecord
        {
            Lineage = "a",
            Version = 5,
            SavedAt = Now,
            Tokens = new ProtectedTokens("one"),
            LastAttempt = new TokenRecord.Attempt("first", Now.AddSeconds(30), Now.AddSeconds(5), InDoubt: true),
        };

        Assert.Equal(FullRecord, RecordText.Write(record).Replace("\\u002B", "+", StringComparison.Ordinal));
        var read = RecordText.Read(FullRecord);
        Assert.Equal("one", read.Tokens?.Value);
        Assert.Equal(record with { Tokens = null }, read with { Tokens = null });
    }

    [Fact]
    public void A_dead_record_is_written_as_ever_and_read_back()
    {
        var record = new TokenRecord
        {
            Lineage = "a",
            Version = 6,
            SavedAt = Now,
            End = new TokenRecord.Ending(SignedOut: false, ReLoginReason.LostRotation, "invalid_grant"),
        };

        Assert.Equal(DeadRecord, RecordText.Write(record).Replace("\\u002B", "+", StringComparison.Ordinal));
        Assert.Equal(record, RecordText.Read(DeadRecord));
    }

    [Fact]
    public void A_reason_that_this_version_doesnt_know_is_a_refused_login() =>
        Assert.Equal(ReLoginReason.Rejected, RecordText.Read(DeadRecord.Replace("LostRotation", "Eclipse", StringComparison.Ordinal)).End?.Reason);

    [Fact]
    public void A_record_without_a_lineage_has_an_empty_one() =>
        Assert.Equal("", RecordText.Read(DeadRecord.Replace("\"a\"", "null", StringComparison.Ordinal)).Lineage);

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"tokenrefresh\":2,\"lineage\":\"a\",\"version\":6,\"saved\":\"2030-01-01T00:00:00+00:00\"}")]
    [InlineData("{\"tokenrefresh\":1,\"lineage\":\"a\",\"version\":6}")]
    [InlineData("{\"tokenrefresh\":1,\"lineage\":\"a\",\"version\":6,\"saved\":\"2030-01-01T00:00:00+00:00\",\"tokens\":\"\"}")]
    [InlineData("{\"tokenrefresh\":1,\"lineage\":\"a\",\"version\":\"six\",\"saved\":\"2030-01-01T00:00:00+00:00\"}")]
    [InlineData("{\"tokenrefresh\":1,\"lineage\":\"a\",\"version\":6,\"saved\":\"yesterday\"}")]
    public void What_is_no_record_of_this_format_is_called_unreadable(string text) =>
        Assert.Throws<UnreadableTokensException>(() => RecordText.Read(text));

    [Fact]
    public void Tokens_are_written_as_ever_and_read_back()
    {
        var tokens = new TokenSet("access-1", "refresh-1") { Scheme = "Bearer", Scope = "read write", ExpiresAt = Now.AddMinutes(5), ReceivedAt = Now };

        Assert.Equal(FullTokens, Codec.Write(tokens).Replace("\\u002B", "+", StringComparison.Ordinal));
        var read = Codec.Read(FullTokens);
        Assert.Equal(
            (tokens.AccessToken, tokens.RefreshToken, tokens.Scheme, tokens.Scope, tokens.ExpiresAt, tokens.ReceivedAt),
            (read.AccessToken, read.RefreshToken, read.Scheme, read.Scope, read.ExpiresAt, read.ReceivedAt));
    }

    [Fact]
    public void What_a_token_set_doesnt_hold_isnt_written_and_is_not_there_when_it_is_read()
    {
        var text = Codec.Write(new TokenSet("access-1"));

        var read = Codec.Read(text);

        Assert.Equal("""{"v":1,"access":"access-1"}""", text);
        Assert.Equal(("access-1", null, null, null, null, null), (read.AccessToken, read.RefreshToken, read.Scheme, read.Scope, read.ExpiresAt, read.ReceivedAt));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"v":2,"access":"access-1"}""")]
    [InlineData("""{"v":1}""")]
    [InlineData("""{"v":1,"access":"a b"}""")]
    public void What_is_no_token_set_of_this_format_is_called_unreadable_with_advice(string text)
    {
        var refusal = Assert.Throws<UnreadableTokensException>(() => Codec.Read(text));

        Assert.Contains("The saved tokens can't be read (", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("restore the key", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_wrapped_for_a_store_opens_as_it_was()
    {
        var tokens = new TokenSet("access-1");
        var wrapped = new ProtectedTokens(tokens, Codec);

        Assert.Same(tokens, wrapped.Open(Codec));
        Assert.Same(wrapped.Value, wrapped.Value);
        Assert.Equal("access-1", new ProtectedTokens(wrapped.Value).Open(Codec).AccessToken);
        Assert.Equal("[protected tokens]", wrapped.ToString());
    }

    [Fact]
    public async Task A_store_refuses_what_makes_no_record()
    {
        var store = new MemoryTokenStore();
        var key = new TokenSessionKey("orders");
        var claim = new RefreshClaim("a", 1, "owner", TimeSpan.FromMinutes(1));
        var tokens = new ProtectedTokens("one");

        Assert.Throws<ArgumentException>("value", () => new ProtectedTokens(""));
        Assert.Throws<ArgumentException>("directory", () => new FileTokenStore(""));
        await Assert.ThrowsAsync<ArgumentNullException>("claim", () => store.BeginAsync(key, null!, default).AsTask());
        await Assert.ThrowsAsync<ArgumentNullException>("claim", () => store.FailAsync(key, null!, new ClaimFailure(), default).AsTask());
        await Assert.ThrowsAsync<ArgumentNullException>("failure", () => store.FailAsync(key, claim, null!, default).AsTask());
        await Assert.ThrowsAsync<ArgumentException>("lineage", () => store.CommitAsync(key, "", 1, tokens, default).AsTask());
        await Assert.ThrowsAsync<ArgumentNullException>("tokens", () => store.CommitAsync(key, "a", 1, null!, default).AsTask());
        await Assert.ThrowsAsync<ArgumentException>("lineage", () => store.SignInAsync(key, "", 0, tokens, default).AsTask());
        await Assert.ThrowsAsync<ArgumentNullException>("tokens", () => store.SignInAsync(key, "a", 0, null!, default).AsTask());
    }
}
