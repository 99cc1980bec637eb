using System.Net;
using Microsoft.Extensions.Time.Testing;
using TokenRefresh.Protocol;

namespace TokenRefresh.Tests.Protocol;

[Trait("Case", "C30")]
public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("120", 120d)]
    [InlineData("1", 1d)]
    [InlineData("Tue, 01 Jan 2030 00:02:00 GMT", 120d)]
    [InlineData("Tuesday, 01-Jan-30 00:02:00 GMT", 120d)]
    [InlineData("0", null)]
    [InlineData("-5", null)]
    [InlineData("Mon, 31 Dec 2029 23:00:00 GMT", null)]
    [InlineData("soon", null)]
    [InlineData("", null)]
    [InlineData("99999999999999", null)]
    [InlineData("1.5", 1.5)]
    [InlineData("3600.25", 3600.25)]
    [InlineData("0.0", null)]
    [InlineData("NaN", null)]
    public async Task A_pause_is_asked_for_in_seconds_or_by_a_date_ahead(string value, double? seconds) =>
        Assert.Equal(seconds, (await ReadAsync(value, date: null)).RetryAfter?.TotalSeconds);

    [Fact]
    public async Task A_date_is_read_by_the_servers_clock() =>
        Assert.Equal(TimeSpan.FromSeconds(120), (await ReadAsync("Tue, 01 Jan 2030 07:02:00 GMT", "Tue, 01 Jan 2030 07:00:00 GMT")).RetryAfter);

    private static async Task<TokenResponse> ReadAsync(string retryAfter, string? date)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        response.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
        if (date is not null)
        {
            response.Headers.TryAddWithoutValidation("Date", date);
        }

        return await TokenResponse.ReadAsync(response, "the token endpoint", new FakeTimeProvider(Now), CancellationToken.None);
    }
}
