namespace TokenRefresh;

/// <summary>How a <see cref="FileTokenStore"/> keeps its files.</summary>
public sealed class FileTokenStoreOptions
{
    /// <summary>
    /// Whether the group of the directory may use the files too: for a Kubernetes volume with <c>fsGroup</c>, where the directory gets the
    /// permissions 2770 and each file 660 when a pod starts. Everyone in that group can then read the saved tokens.
    /// </summary>
    /// <value>The default is <see langword="false"/>: permissions of the group are refused, as those of all others are.</value>
    public bool AllowGroupAccess { get; set; }
}
