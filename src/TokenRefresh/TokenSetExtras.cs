using System.Collections.ObjectModel;

namespace TokenRefresh;

/// <summary>The values of a token set that few logins have. Immutable.</summary>
internal sealed record TokenSetExtras
{
    /// <summary>The most members of a response that are kept.</summary>
    public const int MaxMembers = 64;

    /// <summary>The most text of a response's members that is kept, names included, in UTF-16 code units.</summary>
    public const int MaxLength = 64 * 1024;

    private static readonly IReadOnlyDictionary<string, string> Empty =
        new ReadOnlyDictionary<string, string>(new Dictionary<string, string>(StringComparer.Ordinal));

    private TokenSetExtras()
    {
    }

    public static TokenSetExtras None { get; } = new();

    public string? Scheme { get; init; }

    public string? IdentityToken { get; init; }

    public DateTimeOffset? RefreshTokenExpiresAt { get; init; }

    public IReadOnlyDictionary<string, string> Additional { get; init; } = Empty;

    /// <summary>The <see cref="Storage.LoginPeriod"/> of the login; 0 if periods aren't counted.</summary>
    public long Period { get; init; }

    /// <summary>Copies members that the caller may change later.</summary>
    public static IReadOnlyDictionary<string, string> Copy(IEnumerable<KeyValuePair<string, string>> members)
    {
        var copy = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in members)
        {
            copy[member.Key] = member.Value ?? "";
        }

        return copy.Count == 0 ? Empty : new ReadOnlyDictionary<string, string>(copy);
    }

    /// <summary>Copies the first members, up to the limits for a response. A member that doesn't fit is left out.</summary>
    public static IReadOnlyDictionary<string, string> CopyWithinLimits(IEnumerable<KeyValuePair<string, string>> members)
    {
        var kept = new List<KeyValuePair<string, string>>();
        var length = 0;
        foreach (var member in members)
        {
            var size = member.Key.Length + member.Value.Length;
            if (kept.Count < MaxMembers && length + size <= MaxLength)
            {
                kept.Add(member);
                length += size;
            }
        }

        return Copy(kept);
    }

    /// <summary>These values. Those that are missing are the ones of <paramref name="previous"/>.</summary>
    public TokenSetExtras WithDefaultsFrom(TokenSetExtras? previous) => previous is null || ReferenceEquals(previous, None) ? this
        : ReferenceEquals(this, None) ? previous
        : new()
        {
            Scheme = Scheme ?? previous.Scheme,
            IdentityToken = IdentityToken ?? previous.IdentityToken,
            RefreshTokenExpiresAt = RefreshTokenExpiresAt ?? previous.RefreshTokenExpiresAt,
            Period = Period == 0 ? previous.Period : Period,
            Additional = previous.Additional.Count == 0 ? Additional
                : Additional.Count == 0 ? previous.Additional
                : CopyWithinLimits(Additional.Concat(previous.Additional.Where(member => !Additional.ContainsKey(member.Key)))),
        };

    public override string ToString() => "[token set]";
}
