using System;
using System.Text;
using TokenRefresh.Protocol;
using Xunit;

namespace TokenRefresh.Tests.Protocol;

public sealed class TokenFieldsTests
{
    [Theory]
    [Trait("Case", "C15")]
    [InlineData("5", 5d)]
    [InlineData("\"3600\"", 3600d)]
    [InlineData("3.5e2", 350d)]
    [InlineData("0.5", 0.5)]
    [InlineData("0", null)]
    [InlineData("-1", null)]
    [InlineData("\"soon\"", null)]
    [InlineData("\"\"", null)]
    [InlineData("null", null)]
    [InlineData("true", null)]
    [InlineData("[3600]", null)]
    [InlineData("{\"seconds\":3600}", null)]
    [InlineData("1e400", null)]
    [InlineData("99999999999999999999", null)]
    [InlineData("3153599999", 3153599999d)]
    [InlineData("3153600000", null)]
    [InlineData("\"NaN\"", null)]
    [InlineData("\"Infinity\"", null)]
    public void A_lifetime_is_a_positive_number_or_unknown(string json, double? seconds)
    {
        var fields = Read($$"""{"access_token":"a","expires_in":{{json}}}""", out _);

        Assert.Equal(seconds, fields!.ExpiresIn?.TotalSeconds);
        Assert.Equal("a", fields["access_token"]);
    }

    [Fact]
    [Trait("Case", "C15")]
    public void A_missing_lifetime_is_unknown() => Assert.Null(Read("{}", out _)!.ExpiresIn);

    [Theory]
    [Trait("Case", "C43")]
    [InlineData("""{"access_token":5}""")]
    [InlineData("""{"access_token":null}""")]
    [InlineData("""{"access_token":""}""")]
    [InlineData("""{"access_token":["a"]}""")]
    [InlineData("""{"access_token":{"access_token":"a"}}""")]
    [InlineData("""{"nested":{"access_token":"a"}}""")]
    [InlineData("""{"Access_Token":"a"}""")]
    public void A_field_counts_only_as_text_at_the_top(string json) => Assert.Null(Read(json, out _)!["access_token"]);

    [Theory]
    [Trait("Case", "C43")]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("<html></html>")]
    [InlineData("""{"access_token":"a","access_token":"b"}""")]
    [InlineData("""{"access_token":"a","\u0061ccess_token":"b"}""")]
    [InlineData("""{"error":1,"error":"invalid_grant"}""")]
    [InlineData("""{'access_token':'a'}""")]
    [InlineData("""{"access_token":"a",}""")]
    [InlineData("""{"access_token":"\uD800"}""")]
    public void What_is_no_object_or_says_a_thing_twice_is_nothing(string json)
    {
        Assert.Null(Read(json, out var isTruncated));
        Assert.False(isTruncated);
    }

    [Theory]
    [Trait("Case", "C43")]
    [InlineData("{")]
    [InlineData("""{"access_token""")]
    [InlineData("""{"access_token":"a""")]
    [InlineData("""{"access_token":"a" """)]
    [InlineData("""{"other":[1,2,{"x":""")]
    public void A_text_that_just_ends_is_truncated(string json)
    {
        Assert.Null(Read(json, out var isTruncated));
        Assert.True(isTruncated);
    }

    [Fact]
    [Trait("Case", "C43")]
    public void Deep_nesting_is_nothing()
    {
        Assert.Null(Read($$"""{"x":{{new string('[', 5000)}}{{new string(']', 5000)}},"access_token":"a"}""", out var isTruncated));
        Assert.False(isTruncated);
    }

    [Fact]
    public void A_byte_order_mark_is_no_part_of_it() => Assert.Equal("a", Read("\uFEFF{\"access_token\":\"a\"}", out _)!["access_token"]);

    [Fact]
    public void A_byte_order_mark_alone_is_a_text_that_just_ends_and_a_part_of_one_is_no_text()
    {
        Assert.Null(TokenFields.Read([0xEF, 0xBB, 0xBF], out _));
        Assert.Null(TokenFields.Read([0xEF, 0xBB, (byte)'{', (byte)'}'], out _));
        Assert.Null(TokenFields.Read([0xEF, (byte)'{', (byte)'}', (byte)' '], out _));
    }

    private static TokenFields? Read(string json, out bool isTruncated) => TokenFields.Read(Encoding.UTF8.GetBytes(json), out isTruncated);
}
