namespace TokenRefresh.Protocol;

/// <summary>How far the body of a token endpoint's response was read.</summary>
internal enum ResponseBodyState
{
    /// <summary>The body is neither JSON nor a form, or it is JSON without its end.</summary>
    NotParsed,

    /// <summary>A JSON object or array, or a form.</summary>
    Parsed,

    /// <summary>There is no body.</summary>
    Empty,

    /// <summary>The connection broke within the body, or the compression is damaged.</summary>
    CutOff,

    /// <summary>Longer than <see cref="TokenResponse.MaxBodySize"/>.</summary>
    TooLong,
}
