namespace TokenRefresh.TestKit;

/// <summary>How a token server breaks down.</summary>
public enum ServerFault
{
    /// <summary>It doesn't.</summary>
    None,

    /// <summary>Resets the connection when the request has arrived.</summary>
    Reset,

    /// <summary>Closes its side without an answer.</summary>
    HalfClose,

    /// <summary>Sends the headers, and nothing more.</summary>
    StallAfterHeaders,

    /// <summary>Sends half of the body that it announced, and closes.</summary>
    CutBody,

    /// <summary>Sends one chunk of several, and closes.</summary>
    CutChunked,

    /// <summary>Sends the body a byte at a time, slowly.</summary>
    Trickle,

    /// <summary>Answers something that isn't HTTP.</summary>
    Garbage,

    /// <summary>Sends a body without end.</summary>
    Endless,

    /// <summary>Sends 3 MB.</summary>
    Huge,

    /// <summary>Sends a small body that unpacks to 100 MB.</summary>
    GzipBomb,
}
