namespace TokenRefresh;

/// <summary>What a store says to an operation.</summary>
public enum TokenStoreVerdict
{
    /// <summary>The operation was carried out.</summary>
    Accepted,

    /// <summary>The store holds other tokens than the caller's: they are in the answer, and they count.</summary>
    Adopt,

    /// <summary>Another claim is live, for <see cref="TokenStoreAnswer.Delay"/> at most.</summary>
    Wait,

    /// <summary>The server asked for a pause, for <see cref="TokenStoreAnswer.Delay"/> more.</summary>
    BackOff,

    /// <summary>The login is dead.</summary>
    Dead,

    /// <summary>The login was signed out.</summary>
    Closed,

    /// <summary>There is no record.</summary>
    Missing,
}
