using TokenRefresh.SingleFlight;

namespace TokenRefresh.Tests.SingleFlight;

/// <summary>The clock of the system is read once a second at most, and more often for a token that lives for a short time.</summary>
public sealed class AccessTokenSlotTests
{
    [Fact]
    public async Task A_token_that_expires_within_a_second_isnt_sent_after_its_expiry()
    {
        var received = ClockReading.Now(TimeProvider.System);
        var expiry = received.Utc.AddMilliseconds(200);
        var slot = new AccessTokenSlot(new TokenSchedule(expiry, expiry, expiry), received);
        slot.Decide(TimeProvider.System);

        while (TimeProvider.System.GetUtcNow().UtcDateTime < expiry)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        // The coarse tick may be some milliseconds behind, and the last permission lasted for two.
        await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        Assert.Equal(RefreshDecision.Wait, slot.Decide(TimeProvider.System));
    }
}
