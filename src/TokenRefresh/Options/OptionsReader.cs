using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace TokenRefresh.Options;

/// <summary>
/// Reads options from configuration. The framework's binder isn't used, because it needs reflection and can't skip the options that are
/// functions. An unknown name is an error, because a misspelled option would be ignored otherwise.
/// </summary>
internal sealed class OptionsReader(string client, IConfigurationSection section)
{
    /// <exception cref="OptionsValidationException">
    /// A name is unknown, or a value can't be read. The message names the option and the client.
    /// </exception>
    public void ReadInto(TokenRefreshOptions options)
    {
        foreach (var setting in section.GetChildren())
        {
            switch (setting.Key.ToUpperInvariant())
            {
                case "TOKENENDPOINT": options.TokenEndpoint = HasValue(setting) ? ReadUri(setting) : null; break;
                case "ISSUER": options.Issuer = HasValue(setting) ? ReadUri(setting) : null; break;
                case "METADATAADDRESS": options.MetadataAddress = HasValue(setting) ? ReadUri(setting) : null; break;
                case "PROTOCOL": options.Protocol = ReadEnum<TokenEndpointProtocol>(setting); break;
                case "GRANTTYPE": options.GrantType = ReadEnum<TokenGrantType>(setting); break;
                case "REVOCATIONENDPOINT": options.RevocationEndpoint = HasValue(setting) ? ReadUri(setting) : null; break;
                case "CLIENTID": options.ClientId = ReadText(setting); break;
                case "CLIENTSECRET": options.ClientSecret = ReadText(setting); break;
                case "CLIENTAUTHENTICATION":
                    options.ClientAuthentication = HasValue(setting) ? ReadEnum<ClientAuthentication>(setting) : null;
                    break;
                case "SCOPE": options.Scope = ReadText(setting); break;
                case "SCHEME": options.Scheme = ReadText(setting) ?? ""; break;
                case "EXTRAPARAMETERS": ReadParameters(setting, options.ExtraParameters); break;
                case "ALLOWEDORIGINS": ReadOrigins(setting, options.AllowedOrigins); break;
                case "INSECUREORIGINS": ReadOrigins(setting, options.InsecureOrigins); break;
                case "USERIDLETIMEOUT": options.UserIdleTimeout = ReadTime(setting); break;
                case "REFRESHTIMEOUT": options.RefreshTimeout = ReadTime(setting); break;
                case "REFRESHWINDOW": options.RefreshWindow = HasValue(setting) ? ReadTime(setting) : null; break;
                case "EXPIRYBUFFER": options.ExpiryBuffer = HasValue(setting) ? ReadTime(setting) : null; break;
                case "MINREFRESHINTERVAL": options.MinRefreshInterval = ReadTime(setting); break;
                case "RECHECKINTERVAL": options.RecheckInterval = HasValue(setting) ? ReadTime(setting) : null; break;
                case "MAXREPLAYBUFFERSIZE": options.MaxReplayBufferSize = ReadNumber(setting); break;
                case "RELOGINRESULT": options.ReLoginResult = ReadEnum<ReLoginResult>(setting); break;
                case "INTERACTIVESIGNINTIMEOUT": options.InteractiveSignInTimeout = ReadTime(setting); break;
                default: throw Wrong(setting, "isn't an option that configuration can set. TokenRefreshOptions has the names.");
            }
        }
    }

    private void ReadParameters(IConfigurationSection setting, IDictionary<string, string> parameters)
    {
        foreach (var parameter in EntriesOf(setting))
        {
            parameters[parameter.Key] = ReadText(parameter) ?? "";
        }
    }

    private void ReadOrigins(IConfigurationSection setting, ICollection<Uri> origins)
    {
        foreach (var origin in EntriesOf(setting))
        {
            origins.Add(ReadUri(origin));
        }
    }

    // Null in a JSON file, or an empty environment variable, means the default of an option whose default is null.
    private static bool HasValue(IConfigurationSection setting) => !string.IsNullOrEmpty(setting.Value) || setting.GetChildren().Any();

    // A single value in place of a list would be ignored otherwise.
    private IEnumerable<IConfigurationSection> EntriesOf(IConfigurationSection setting) => string.IsNullOrEmpty(setting.Value)
        ? setting.GetChildren()
        : throw Wrong(setting, $"is a single value. Put it one level deeper, such as {setting.Key}:0 for a list or {setting.Key}:name.");

    // A list or an object in place of a text would be ignored otherwise.
    private string? ReadText(IConfigurationSection setting) => setting.GetChildren().Any()
        ? throw Wrong(setting, "is a list or an object. Write it as one text, such as \"openid offline_access\" for Scope.")
        : setting.Value;

    // No value is shown: it can be a secret that was written to the wrong setting.
    private Uri ReadUri(IConfigurationSection setting) => Uri.TryCreate(setting.Value, UriKind.Absolute, out var uri)
        ? uri
        : throw Wrong(setting, "isn't an absolute URL, such as https://api.example.com.");

    // The framework reads a bare number as days. Without the exact format, it reads 24:00:00 as 24 days.
    private TimeSpan ReadTime(IConfigurationSection setting) =>
        TimeSpan.TryParseExact(setting.Value, "c", CultureInfo.InvariantCulture, out var time)
        && (time == TimeSpan.Zero || !IsNumber(setting, out _))
        ? time
        : throw Wrong(setting, "isn't a time, such as 00:00:30.");

    private long ReadNumber(IConfigurationSection setting) => IsNumber(setting, out var number)
        ? number
        : throw Wrong(setting, "isn't a whole number.");

    private static bool IsNumber(IConfigurationSection setting, out long number) =>
        long.TryParse(setting.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out number);

#pragma warning disable CA2263 // The generic GetNames isn't there on netstandard2.0.
    private T ReadEnum<T>(IConfigurationSection setting)
        where T : struct, Enum => Enum.TryParse<T>(setting.Value, ignoreCase: true, out var value)
            ? value
            : throw Wrong(setting, $"isn't one of {string.Join(", ", Enum.GetNames(typeof(T)))}.");
#pragma warning restore CA2263

    private OptionsValidationException Wrong(IConfigurationSection setting, string what) =>
        new(client, typeof(TokenRefreshOptions), [$"TokenRefresh client '{client}': the setting {setting.Path} {what}"]);
}
