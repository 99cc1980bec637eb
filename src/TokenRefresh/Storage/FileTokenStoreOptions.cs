namespace TokenRefresh;

/// <summary>The options of a <see cref="FileTokenStore"/>.</summary>
public sealed class FileTokenStoreOptions
{
    /// <summary>
    /// Whether the directory's group may have permissions. Set it for a Kubernetes volume with <c>fsGroup</c>: when a pod starts,
    /// Kubernetes gives the directory the permissions 2770 and each file 660. Everyone in the group can then read the saved tokens.
    /// </summary>
    /// <value>The default is <see langword="false"/>: files and directories that the group can use are refused.</value>
    public bool AllowGroupAccess { get; set; }
}
