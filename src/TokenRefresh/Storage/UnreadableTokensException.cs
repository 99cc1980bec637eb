using System;

namespace TokenRefresh.Storage;

/// <summary>Saved tokens can't be read: another key, another format, damage. Holds nothing of them.</summary>
internal sealed class UnreadableTokensException(string cause) : Exception(
    $"The saved tokens can't be read ({cause}). They were written with another key or format, or are damaged. They were left as they are: "
    + "restore the key, or sign in again to replace them.");
