namespace TokenRefresh.Storage;

/// <summary>The outcome of a <see cref="LoginStore"/> operation.</summary>
internal enum LoginStatus
{
    /// <summary>The operation is done. After a load: the record and the process have the same.</summary>
    Succeeded,

    /// <summary>The store has newer tokens than this process. They are in the result.</summary>
    Newer,

    /// <summary>Another process has the lease, for <see cref="LoginStoreResult.Delay"/> at most.</summary>
    Leased,

    /// <summary>The server asked for a pause, for <see cref="LoginStoreResult.Delay"/> more.</summary>
    RetryLater,

    /// <summary>The user must sign in again.</summary>
    LoginEnded,

    /// <summary>The login was signed out.</summary>
    SignedOut,

    /// <summary>There is no record, and this process has no login.</summary>
    NotFound,
}
