namespace TokenRefresh.Samples.Servers;

/// <summary>What the refresh view answers for a user who is inactive, deleted, or has another password.</summary>
public enum SimpleJwtRefreshView
{
    /// <summary>The installed version's view. Up to 5.3 it never looks at the user.</summary>
    Installed,

    /// <summary>As in 5.4.0 to 5.5.1: 401 without a code for an inactive user, 500 for a deleted one.</summary>
    Version54,

    /// <summary>As on the main branch after 5.5.1: 401 without a code for each of them.</summary>
    Latest,

    /// <summary>A serializer of a project's own: 401 with codes that only this project has.</summary>
    OwnCodes,
}
