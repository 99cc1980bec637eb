namespace TokenRefresh.Storage;

/// <summary>Checks whether a directory can be at a path.</summary>
internal static class DirectoryPath
{
    /// <exception cref="TokenStoreConfigurationException">A file is in the place of the directory or of one above it.</exception>
    public static void RefuseFile(string path)
    {
        for (var part = path; part is not null && !Directory.Exists(part); part = Path.GetDirectoryName(part))
        {
            if (File.Exists(part))
            {
                throw new TokenStoreConfigurationException(
                    $"{part} is a file, where a directory for saved tokens must be. Remove it, or use another directory.");
            }
        }
    }
}
