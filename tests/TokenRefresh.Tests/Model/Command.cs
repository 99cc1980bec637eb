namespace TokenRefresh.Tests.Model;

/// <summary>What an app does, and what happens to it.</summary>
internal enum Command
{
    /// <summary>Sends a request.</summary>
    Send,

    /// <summary>Sends a request, and cancels it as soon as a refresh is under way for it.</summary>
    SendAndCancel,

    /// <summary>Asks for the access token.</summary>
    Ask,

    /// <summary>Refreshes now.</summary>
    Force,

    /// <summary>The API refuses the tokens that are out.</summary>
    Expire,

    /// <summary>The refresh tokens that are out are dead.</summary>
    Revoke,

    /// <summary>The next refresh meets a server that is out of order.</summary>
    Fail,

    /// <summary>The answer to the next token call is lost, after the server has rotated.</summary>
    Cut,

    SignIn,

    SignOut,

    /// <summary>The process ends and another starts on the same store.</summary>
    Restart,

    /// <summary>Six minutes pass: tokens live five.</summary>
    Wait,

    /// <summary>The app's wall clock jumps ten minutes forward.</summary>
    JumpAhead,

    /// <summary>The app's wall clock jumps ten minutes back.</summary>
    JumpBack,
}
