namespace TokenRefresh.Storage;

/// <summary>The outcome of a <see cref="LoginStore"/> operation.</summary>
internal enum LoginStatus
{
    /// <summary>Done; or, of a load: what is stored is what is held.</summary>
    Succeeded,

    /// <summary>The store holds other tokens than this process. They are in the result, and they count.</summary>
    Newer,

    /// <summary>Another process has the lease, for <see cref="LoginStoreResult.Delay"/> at most.</summary>
    Leased,

    /// <summary>The server asked for a pause, for <see cref="LoginStoreResult.Delay"/> more.</summary>
    RetryLater,

    /// <summary>The user must sign in again.</summary>
    LoginEnded,

    /// <summary>The login was signed out.</summary>
    SignedOut,

    /// <summary>There is no record, and this process holds nothing.</summary>
    NotFound,
}
