namespace TokenRefresh.Samples.Servers;

/// <summary>How the refresh view answers for a user who is inactive, was deleted, or has changed the password.</summary>
public enum SimpleJwtRefreshView
{
    /// <summary>The view of the installed version. Up to 5.3 it doesn't check the user.</summary>
    Installed,

    /// <summary>As in 5.4.0 to 5.5.1: 401 without a code for an inactive user, 500 for a deleted one.</summary>
    Version54,

    /// <summary>As on the main branch after 5.5.1: 401 without a code for each of them.</summary>
    Latest,

    /// <summary>A serializer of a project's own: 401 with codes that only this project has.</summary>
    OwnCodes,
}
