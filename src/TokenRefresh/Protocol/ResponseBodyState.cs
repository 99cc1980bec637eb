namespace TokenRefresh.Protocol;

/// <summary>How far the body of a token endpoint's response was read.</summary>
internal enum ResponseBodyState
{
    /// <summary>Some text that is neither JSON nor a form, or a JSON text that just ends.</summary>
    NotParsed,

    /// <summary>A JSON object or array, or a form.</summary>
    Parsed,

    /// <summary>No body at all.</summary>
    Empty,

    /// <summary>The connection broke within the body, or the compression is damaged.</summary>
    CutOff,

    /// <summary>Longer than <see cref="TokenResponse.MaxBodySize"/>.</summary>
    TooLong,
}
