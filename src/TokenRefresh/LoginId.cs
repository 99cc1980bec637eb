using System.Globalization;

namespace TokenRefresh;

/// <summary>Identifies one sign-in. A result that belongs to one login never touches another.</summary>
/// <remarks>A number, because a server keeps one for each user: as text it would take six times the memory.</remarks>
internal readonly record struct LoginId(long Value)
{
    /// <summary>There is no login.</summary>
    public static LoginId None => default;

    /// <summary>The login of a client's own tokens. All processes of a client have the same id.</summary>
    public static LoginId Client => new(1);

    /// <summary>A login whose id isn't known.</summary>
    public static LoginId Unknown => new(-1);

    public bool IsNone => Value == 0;

    /// <summary>A new random id.</summary>
    public static LoginId New()
    {
        LoginId id;
        do
        {
            id = new LoginId(BitConverter.ToInt64(Guid.NewGuid().ToByteArray(), 0));
        }
        while (id.IsNone || id == Client || id == Unknown);

        return id;
    }

    /// <summary>Reads what <see cref="ToString"/> wrote. Any other text becomes <see cref="Unknown"/>.</summary>
    public static LoginId Parse(string text) => text.Length == 0 ? None
        : long.TryParse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value) ? new LoginId(value)
        : Unknown;

    public override string ToString() => IsNone ? "" : Value.ToString("x16", CultureInfo.InvariantCulture);
}
