using TokenRefresh.Storage;

namespace TokenRefresh.Tests.Storage;

/// <summary>What is saved is read by other versions of the library: the texts and names are fixed.</summary>
public sealed class SavedFormatTests
{
    private const string FullRecord =
        """{"tokenrefresh":2,"state":"SignedIn","login":"a","version":5,"hash":"0123456789ABCDEF","tokens":"one","age":1500,"retry":5000,"possiblyUsed":true,"holder":"first","lease":30000,"keep":60000}""";

    private const string EndedRecord =
        """{"tokenrefresh":2,"state":"Ended","login":"a","version":6,"hash":"0123456789ABCDEF","reason":"LostRotation","error":"invalid_grant","keep":604800000}""";

    private const string SignedOutRecord =
        """{"tokenrefresh":2,"state":"SignedOut","login":"","version":7,"mark":"m","keep":604800000}""";

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

    [Theory]
    [InlineData("orders", null, "d8a3d3d758a0c4787b55e523121be2ae8c750856")]
    [InlineData("orders", "me", "3975e7f6003a3101d56dd4cc82e4e77bf1ecb3d6")]
    [InlineData("a:b", "c", "ac5eb6cc1b9029a5ccedd96dda2b59437b9228e4")]
    [InlineData("a", "b:c", "01718b20deff35872e83e261fa057211885dae0d")]
    public void A_session_keeps_its_name_and_shares_it_with_no_other(string session, string? user, string name) =>
        Assert.Equal(name, StoreKey.For(new TokenSessionKey(session, user)));

    [Fact]
    [Trait("Case", "S13")]
    public void A_user_key_with_half_a_surrogate_pair_has_no_name()
    {
        foreach (var key in new TokenSessionKey[] { new("orders", "user\ud800"), new("orders", "user\udbff"), new("orders\udc00") })
        {
            var failure = Assert.Throws<TokenStoreConfigurationException>(() => StoreKey.For(key));
            Assert.Contains("valid Unicode", failure.Message, StringComparison.Ordinal);
        }

        Assert.Equal(40, StoreKey.For(new TokenSessionKey("orders", "\ud83d\ude00")).Length);
    }

    [Fact]
    public void A_record_under_way_is_written_as_ever_and_read_back()
    {
        var record = new LoginRecord
        {
            State = LoginState.SignedIn,
            LoginId = "a",
            Version = 5,
            Tokens = "one",
            TokensAge = TimeSpan.FromSeconds(1.5),
            TokenHash = "0123456789ABCDEF",
            Lease = new RefreshLease("first", TimeSpan.FromSeconds(30)),
            RetryPause = TimeSpan.FromSeconds(5),
            PossiblyUsed = true,
            KeepFor = TimeSpan.FromMinutes(1),
        };

        Assert.Equal(FullRecord, LoginRecordText.Write(record));
        Assert.Equal(record, LoginRecordText.Read(FullRecord));
    }

    [Fact]
    public void An_ended_record_is_written_as_ever_and_read_back()
    {
        var record = new LoginRecord
        {
            State = LoginState.Ended,
            LoginId = "a",
            Version = 6,
            TokenHash = "0123456789ABCDEF",
            Reason = ReLoginReason.LostRotation,
            Error = "invalid_grant",
            KeepFor = TimeSpan.FromDays(7),
        };

        Assert.Equal(EndedRecord, LoginRecordText.Write(record));
        Assert.Equal(record, LoginRecordText.Read(EndedRecord));
    }

    [Fact]
    public void A_sign_out_is_written_as_ever_and_read_back()
    {
        var record = new LoginRecord { State = LoginState.SignedOut, Version = 7, Mark = "m", KeepFor = TimeSpan.FromDays(7) };

        Assert.Equal(SignedOutRecord, LoginRecordText.Write(record));
        Assert.Equal(record, LoginRecordText.Read(SignedOutRecord));
    }

    [Fact]
    public void A_lease_without_a_login_is_read_back()
    {
        var record = LoginRecord.Vacant with { Lease = new RefreshLease("first", TimeSpan.FromSeconds(30)) };

        Assert.Equal(record, LoginRecordText.Read(LoginRecordText.Write(record)));
    }

    [Theory]
    [InlineData("Eclipse")]
    [InlineData("7")]
    [InlineData("1")]
    public void A_reason_that_this_version_doesnt_know_is_a_rejected_login(string reason) => Assert.Equal(
        ReLoginReason.Rejected, LoginRecordText.Read(EndedRecord.Replace("LostRotation", reason, StringComparison.Ordinal)).Reason);

    [Fact]
    public void A_record_without_a_login_id_has_an_empty_one() =>
        Assert.Equal("", LoginRecordText.Read(EndedRecord.Replace("\"a\"", "null", StringComparison.Ordinal)).LoginId);

    [Fact]
    public void Durations_are_rounded_up_and_limited()
    {
        var record = LoginRecord.Vacant with { Lease = new RefreshLease("a", TimeSpan.FromTicks(1)), RetryPause = TimeSpan.MaxValue };

        var read = LoginRecordText.Read(LoginRecordText.Write(record));

        Assert.Equal(TimeSpan.FromMilliseconds(1), read.Lease?.Duration);
        Assert.True(read.RetryPause > TimeSpan.FromDays(365));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"tokenrefresh\":1,\"lineage\":\"a\",\"version\":6,\"saved\":\"2030-01-01T00:00:00+00:00\"}")]
    [InlineData("{\"tokenrefresh\":3,\"state\":\"SignedIn\",\"login\":\"a\",\"version\":6,\"tokens\":\"one\"}")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"SignedIn\",\"login\":\"a\",\"tokens\":\"one\"}")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"Asleep\",\"login\":\"a\",\"version\":6,\"tokens\":\"one\"}")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"1\",\"login\":\"a\",\"version\":6,\"tokens\":\"one\"}")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"SignedIn\",\"login\":\"a\",\"version\":\"six\",\"tokens\":\"one\"}")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"SignedIn\",\"login\":\"a\",\"version\":-1,\"tokens\":\"one\"}")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"SignedIn\",\"login\":\"a\",\"version\":9223372036854775807,\"tokens\":\"one\"}")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"SignedIn\",\"login\":\"a\",\"version\":92233720368547758070,\"tokens\":\"one\"}")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"SignedIn\",\"login\":\"a\",\"version\":6,\"tokens\":7}")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"SignedIn\",\"login\":\"a\",\"version\":6,\"tokens\":\"one\",\"age\":1e300}")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"SignedIn\",\"login\":\"a\",\"version\":6,\"tokens\":\"one\",\"possiblyUsed\":1}")]
    [Trait("Case", "S10")]
    public void A_text_that_isnt_a_record_of_this_format_is_unreadable(string text) =>
        Assert.Throws<TokenStoreConfigurationException>(() => LoginRecordText.Read(text));

    [Theory]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"SignedIn\",\"login\":\"a\",\"version\":6}")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"SignedIn\",\"login\":\"a\",\"version\":6,\"tokens\":\"\"}")]
    [InlineData("{\"tokenrefresh\":2,\"state\":\"SignedIn\",\"login\":\"a\",\"version\":6,\"tokens\":null}")]
    [Trait("Case", "S10")]
    public void A_record_with_neither_tokens_nor_an_end_is_unreadable(string text) =>
        Assert.Throws<TokenStoreConfigurationException>(() => LoginRecordText.Read(text));

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
        var refusal = Assert.Throws<TokenStoreConfigurationException>(() => Codec.Read(text));

        Assert.Contains("The saved tokens can't be read (", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("restore the key", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Case", "S10")]
    public void A_protector_that_returns_nothing_is_a_configuration_failure()
    {
        var codec = new TokenCodec(new TokenSessionKey("orders"), new EmptyProtector());

        Assert.Throws<TokenStoreConfigurationException>(() => codec.Write(new TokenSet("access-1")));
        Assert.Throws<TokenStoreConfigurationException>(() => codec.Read("text"));
    }

    [Fact]
    public void The_hash_tells_refresh_tokens_apart_and_access_tokens_only_where_there_is_no_other()
    {
        Assert.Equal("BD473E5DCDCE2510", TokenHash.Of(new TokenSet("access-1", "refresh-1")));
        Assert.Equal(TokenHash.Of(new TokenSet("access-1", "refresh-1")), TokenHash.Of(new TokenSet("access-2", "refresh-1")));
        Assert.NotEqual(TokenHash.Of(new TokenSet("access-1", "refresh-1")), TokenHash.Of(new TokenSet("access-1", "refresh-2")));
        Assert.NotEqual(TokenHash.Of(new TokenSet("access-1")), TokenHash.Of(new TokenSet("access-2")));
    }

    [Theory]
    [InlineData(null, "tokenrefresh/2 r 1893456000000 -\none\n{two}\r\n")]
    [InlineData(90, "tokenrefresh/2 r 1893456000000 1893456090000\none\n{two}\r\n")]
    public void A_stored_text_is_written_as_ever_and_read_back(int? keepFor, string expected)
    {
        var stored = new StoredText("r", Now, keepFor is { } seconds ? Now.AddSeconds(seconds) : null, "one\n{two}\r\n");

        Assert.Equal(expected, stored.Write());
        Assert.Equal(stored, StoredText.Read(expected));
    }

    [Theory]
    [InlineData("")]
    [InlineData("one")]
    [InlineData("tokenrefresh/2 r 1893456000000 -")]
    [InlineData("tokenrefresh/1 r 1893456000000 -\none")]
    [InlineData("tokenrefresh/2  1893456000000 -\none")]
    [InlineData("tokenrefresh/2 r -1 -\none")]
    [InlineData("tokenrefresh/2 r 1893456000000 x\none")]
    [InlineData("tokenrefresh/2 r 9893456000000000 -\none")]
    [InlineData("tokenrefresh/2 r 1893456000000 - -\none")]
    public void A_text_without_its_first_line_is_unreadable(string text) => Assert.Null(StoredText.Read(text));

    [Fact]
    public async Task A_store_refuses_arguments_that_make_no_record()
    {
        var key = new TokenSessionKey("orders");

        Assert.Throws<ArgumentException>("directory", () => new FileTokenStore(""));
        await Assert.ThrowsAsync<ArgumentNullException>("text", () => new MemoryTokenStore().CompareExchangeAsync(key, null!, null, null, default).AsTask());
        await Assert.ThrowsAsync<ArgumentNullException>("text", () => new DictionaryTokenStore().CompareExchangeAsync(key, null!, null, null, default).AsTask());
        await Assert.ThrowsAsync<ArgumentNullException>("text", () => new FileTokenStore("x").CompareExchangeAsync(key, null!, null, null, default).AsTask());
    }

    private sealed class EmptyProtector : ITokenProtector
    {
        public string Protect(TokenSessionKey key, string plaintext) => null!;

        public string Unprotect(TokenSessionKey key, string protectedText) => null!;
    }
}
