namespace TokenRefresh.Storage;

/// <summary>The file is larger than what is read.</summary>
internal sealed class FileTooLargeException : IOException;
