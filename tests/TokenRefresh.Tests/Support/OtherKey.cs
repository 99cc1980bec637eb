namespace TokenRefresh.Tests.Support;

/// <summary>The key of a process elsewhere: this process can't decrypt with it.</summary>
internal sealed class OtherKey : ITokenProtector
{
    public string Protect(TokenSessionKey key, string plaintext) => "of another key";

    public string Unprotect(TokenSessionKey key, string protectedText) => throw new InvalidOperationException();
}
