using System;
using System.Collections.Generic;
using System.Net.Http;

namespace TokenRefresh.TestKit;

/// <summary>A request as the API received it.</summary>
public sealed record ReceivedRequest(HttpMethod Method, Uri Uri, string? Authorization, byte[] Body, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The token behind the scheme, if there is one.</summary>
    public string? Token => Authorization?[(Authorization.IndexOf(' ', StringComparison.Ordinal) + 1)..];
}
