namespace TokenRefresh;

/// <summary>How the client authenticates at an OAuth token endpoint (RFC 6749, section 2.3).</summary>
public enum ClientAuthentication
{
    /// <summary>HTTP Basic (<c>client_secret_basic</c>). Both parts are form-encoded first, as RFC 6749, section 2.3.1 requires.</summary>
    Basic,

    /// <summary><c>client_id</c> and <c>client_secret</c> in the form (<c>client_secret_post</c>).</summary>
    Post,

    /// <summary>A public client: only <c>client_id</c> in the form (<c>none</c>).</summary>
    None,
}
