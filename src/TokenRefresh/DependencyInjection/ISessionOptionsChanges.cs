using Microsoft.Extensions.Options;

namespace TokenRefresh.DependencyInjection;

/// <summary>Reports changes of a session's options that come from other options than the session's own.</summary>
/// <remarks>
/// It isn't an <see cref="IOptionsChangeTokenSource{TOptions}"/>. Such a source is created with the options monitor, so the other options
/// couldn't depend on a client with a session. And the monitor would forget the valid options when the changed ones are wrong.
/// </remarks>
internal interface ISessionOptionsChanges
{
    /// <summary>Calls back when the session's options may have changed, until the result is disposed.</summary>
    /// <returns><see langword="null"/> if the session has no other options.</returns>
    IDisposable? OnChange(string session, Action changed);
}
