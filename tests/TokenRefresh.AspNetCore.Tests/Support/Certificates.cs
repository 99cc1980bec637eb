using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TokenRefresh.AspNetCore.Tests.Support;

/// <summary>A certificate for this machine, which the test's browser accepts.</summary>
internal static class Certificates
{
    public static X509Certificate2 Local { get; } = Create();

    private static X509Certificate2 Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
