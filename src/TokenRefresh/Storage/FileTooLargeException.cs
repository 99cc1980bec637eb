namespace TokenRefresh.Storage;

/// <summary>The exception for a file that is larger than the limit for reading.</summary>
internal sealed class FileTooLargeException : IOException;
