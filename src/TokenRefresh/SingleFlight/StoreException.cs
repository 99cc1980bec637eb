using System;

namespace TokenRefresh.SingleFlight;

/// <summary>A store that failed, whatever it threw: nothing else in a flight throws this.</summary>
internal sealed class StoreException(Exception cause) : Exception("The token store failed.", cause)
{
    public Exception Cause { get; } = cause;
}
