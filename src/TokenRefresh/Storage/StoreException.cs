namespace TokenRefresh.Storage;

/// <summary>A store operation failed. Only a <see cref="LoginStore"/> throws this.</summary>
internal sealed class StoreException(Exception cause) : Exception("The token store failed.", cause)
{
    public Exception Cause => InnerException!;
}
