using Microsoft.AspNetCore.DataProtection;
using TokenRefresh;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Encrypts the tokens of a session with Data Protection.</summary>
public static class TokenRefreshDataProtectionExtensions
{
    /// <summary>
    /// Encrypts the session's saved tokens with the app's key ring. All processes and machines that share the tokens need the same key
    /// ring: persist it, and set the application name.
    /// </summary>
    /// <param name="builder">The session.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is <see langword="null"/>.</exception>
    public static TokenSessionBuilder UseDataProtection(this TokenSessionBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddDataProtection();
        return builder.UseProtector(provider => new DataProtectionTokenProtector(provider.GetRequiredService<IDataProtectionProvider>()));
    }
}
