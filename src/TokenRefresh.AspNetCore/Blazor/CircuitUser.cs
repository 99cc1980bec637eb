using System.Security.Claims;

namespace TokenRefresh.AspNetCore.Blazor;

/// <summary>The user of the circuit whose activity is running. It flows to all work that the activity starts.</summary>
internal static class CircuitUser
{
    private static readonly AsyncLocal<ClaimsPrincipal?> Local = new();

    /// <summary>The circuit's user, or <see langword="null"/> outside circuits.</summary>
    public static ClaimsPrincipal? Current
    {
        get => Local.Value;
        set => Local.Value = value;
    }
}
