using System;
using System.Net.Http;

namespace TokenRefresh.Handling;

/// <summary>Which session does a request belong to, and which origins get its token?</summary>
internal abstract class SessionResolver
{
    public abstract TokenSession? Resolve(HttpRequestMessage request);

    /// <exception cref="TokenRefreshException">No origin is set.</exception>
    public abstract OriginSet Origins { get; }
}
