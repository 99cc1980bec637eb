namespace TokenRefresh.Refreshing;

/// <summary>Composes what the sessions of a name share.</summary>
internal interface ISessionSource
{
    /// <summary>Whether a session of this name was registered before the app started.</summary>
    bool IsRegistered(string name);

    /// <summary>The exception for a name of which there is no session.</summary>
    ArgumentException UnknownSession(string name);

    /// <summary>Checks that a session isn't requested by the code that creates it.</summary>
    /// <exception cref="InvalidOperationException">This thread is creating the session, or its options.</exception>
    void RequireNoCycle(string name);

    /// <summary>Composes a registered session.</summary>
    SessionServices Compose(string name);

    /// <summary>Composes a session that is added at run time.</summary>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">
    /// An option is wrong, or the tokens would be saved unencrypted.
    /// </exception>
    SessionServices Compose(string name, Action<TokenRefreshOptions> configure);
}
