using System.Net.Http.Headers;
using System.Text;
using TokenRefresh.Protocol;

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
        var fields = Read($$"""{"access_token":"a","expires_in":{{json}}}""");

        Assert.Equal(seconds, fields!.ReadSeconds("expires_in")?.TotalSeconds);
        Assert.Equal("a", fields["access_token"]);
    }

    [Fact]
    [Trait("Case", "C15")]
    public void A_missing_lifetime_is_unknown() => Assert.Null(Read("{}")!.ReadSeconds("expires_in"));

    [Theory]
    [Trait("Case", "C43")]
    [InlineData("""{"access_token":5}""")]
    [InlineData("""{"access_token":null}""")]
    [InlineData("""{"access_token":""}""")]
    [InlineData("""{"access_token":["a"]}""")]
    [InlineData("""{"access_token":{"access_token":"a"}}""")]
    [InlineData("""{"nested":{"access_token":"a"}}""")]
    [InlineData("""{"Access_Token":"a"}""")]
    public void A_field_counts_only_as_text_at_the_top(string json) => Assert.Null(Read(json)!["access_token"]);

    [Theory]
    [Trait("Case", "C43")]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("null")]
    [InlineData("5")]
    [InlineData("\"text\"")]
    [InlineData("<html></html>")]
    [InlineData("""{'access_token':'a'}""")]
    [InlineData("""{"access_token":"a",}""")]
    [InlineData("""<b>Warning</b>{"access_token":"a"}""")]
    [InlineData("access_token=a")]
    [InlineData("{")]
    [InlineData("""{"access_token""")]
    [InlineData("""{"access_token":"a""")]
    [InlineData("""{"access_token":"a" """)]
    [InlineData("""{"other":[1,2,{"x":""")]
    public void A_text_that_is_no_complete_object_has_no_members(string body) => Assert.Null(Read(body));

    [Theory]
    [Trait("Case", "B28")]
    [InlineData("""{"access_token":"a","access_token":"b"}""", "b")]
    [InlineData("""{"access_token":"a","\u0061ccess_token":"b"}""", "b")]
    [InlineData("""{"access_token":"a","x":1,"access_token":null}""", null)]
    [InlineData("""{"access_token":["a"],"access_token":"b"}""", "b")]
    [InlineData("""{"\uD800":1,"access_token":"b","\uD800":2}""", "b")]
    public void Of_duplicate_members_the_last_one_counts(string body, string? expected) => Assert.Equal(expected, Read(body)!["access_token"]);

    [Theory]
    [Trait("Case", "B28")]
    [InlineData("{\"access_token\":\"b\"}{\"access_token\":\"c\"}")]
    [InlineData("{\"access_token\":\"b\"}\n\n<!-- served by cache 3 -->")]
    [InlineData("\r\n  {\"access_token\":\"b\"}\0")]
    public void Text_after_the_first_JSON_value_is_ignored(string body) => Assert.Equal("b", Read(body)!["access_token"]);

    [Theory]
    [Trait("Case", "C43")]
    [InlineData("""{"access_token":"\uD800"}""")]
    [InlineData("""["access_token","b"]""")]
    public void A_member_that_is_no_text_is_missing(string body) => Assert.Null(Read(body)!["access_token"]);

    [Fact]
    [Trait("Case", "C43")]
    public void Deep_nesting_is_unreadable() =>
        Assert.Null(Read($$"""{"x":{{new string('[', 5000)}}{{new string(']', 5000)}},"access_token":"a"}"""));

    [Theory]
    [Trait("Case", "B28")]
    [InlineData("utf-8", true, null)]
    [InlineData("utf-8", true, "application/json; charset=utf-16")]
    [InlineData("utf-16", true, null)]
    [InlineData("utf-16", false, "application/json")]
    [InlineData("utf-16", false, "application/json; charset=utf-8")]
    [InlineData("utf-16BE", true, null)]
    [InlineData("utf-16BE", false, "application/json; charset=\"utf-16\"")]
    [InlineData("iso-8859-1", false, "application/json; charset=ISO-8859-1")]
    [InlineData("iso-8859-1", false, "text/html; charset=\"iso-8859-1\"")]
    [InlineData("utf-8", false, "application/json; charset=utf8")]
    [InlineData("utf-8", false, "application/json; charset=no-such-charset")]
    [InlineData("utf-8", false, "application/json; charset=utf-7")]
    [InlineData("utf-8", false, "application/json; charset=ucs-2")]
    public void The_encoding_is_the_one_that_the_bytes_have(string encoding, bool hasByteOrderMark, string? contentType)
    {
        var bytes = Encoding.GetEncoding(encoding);
        byte[] body = [.. hasByteOrderMark ? bytes.GetPreamble() : [], .. bytes.GetBytes("""{"access_token":"a","user":"Zoë"}""")];

        var fields = TokenFields.Read(body, contentType is null ? null : MediaTypeHeaderValue.Parse(contentType));

        Assert.Equal("a", fields!["access_token"]);
        Assert.Equal("Zoë", fields["user"]);
    }

    [Fact]
    public void A_byte_order_mark_alone_or_a_part_of_one_is_no_text()
    {
        Assert.Null(TokenFields.Read([0xEF, 0xBB, 0xBF]));
        Assert.Null(TokenFields.Read([0xFF, 0xFE]));
        Assert.Null(TokenFields.Read([0xEF, 0xBB, (byte)'{', (byte)'}']));
        Assert.Null(TokenFields.Read([0xEF, (byte)'{', (byte)'}', (byte)' ']));
        Assert.Null(TokenFields.Read([0]));
    }

    [Theory]
    [Trait("Case", "B38")]
    [InlineData("access_token=a%2Bb&refresh_token=r+1&expires_in=3600&scope=", "application/x-www-form-urlencoded", "a+b")]
    [InlineData("access_token=a+b&scope=read+write", "application/x-www-form-urlencoded", "a+b")]
    [InlineData("access_token=a%2Bb\r\n", "Application/X-WWW-Form-Urlencoded; charset=utf-8", "a+b")]
    [InlineData("access_token=a&access_token=a%2Bb", "application/x-www-form-urlencoded", "a+b")]
    [InlineData("&&=x&y&access_token=a%2Bb&", "application/x-www-form-urlencoded", "a+b")]
    [InlineData("""{"access_token":"a+b"}""", "application/x-www-form-urlencoded", "a+b")]
    [InlineData("access_token=&expires_in=5", "application/x-www-form-urlencoded", null)]
    [InlineData("error=bad_refresh_token&error_description=x", "application/x-www-form-urlencoded", null)]
    public void A_form_is_read_where_the_content_type_says_so(string body, string contentType, string? accessToken) =>
        Assert.Equal(accessToken, TokenFields.Read(Encoding.UTF8.GetBytes(body), MediaTypeHeaderValue.Parse(contentType))!["access_token"]);

    [Theory]
    [Trait("Case", "B38")]
    [InlineData("access_token=a", "application/json")]
    [InlineData("access_token=a", "text/plain")]
    [InlineData("<a href=x>", "application/x-www-form-urlencoded")]
    [InlineData("", "application/x-www-form-urlencoded")]
    public void Nothing_else_is_a_form(string body, string contentType) =>
        Assert.Null(TokenFields.Read(Encoding.UTF8.GetBytes(body), MediaTypeHeaderValue.Parse(contentType)));

    private static TokenFields? Read(string json) => TokenFields.Read(Encoding.UTF8.GetBytes(json));
}
