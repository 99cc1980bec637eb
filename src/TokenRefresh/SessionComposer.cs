using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Diagnostics;
using TokenRefresh.Options;
using TokenRefresh.Protocol;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>Composes the services of a session: for dependency injection, and for a session that is created by hand.</summary>
internal static class SessionComposer
{
    /// <summary>Composes a session that is created by hand.</summary>
    /// <exception cref="ArgumentException">An option or setting is wrong.</exception>
    public static SessionServices Compose(TokenRefreshOptions options, TokenSessionSettings settings)
    {
        Require.NotEmpty(settings.Name, nameof(settings));
        var validation = TokenRefreshOptionsValidator.Validate(settings.Name, options, hasOwnEndpoint: settings.TokenEndpoint is not null);
        if (validation.Failed)
        {
            throw new ArgumentException(validation.FailureMessage, nameof(options));
        }

        if (EncryptionRequirement.FindFailure(settings.Store, settings.Protector, settings.AllowUnencryptedStore) is { } failure)
        {
            throw new ArgumentException($"TokenRefresh client '{settings.Name}': {failure}", nameof(settings));
        }

        var needsClient = settings.TokenEndpoint is null || options.RevocationEndpoint is not null;
        var client = needsClient ? BackchannelHandler.CreateClient(settings.TokenEndpointHandler, options) : null;
        return Compose(new SessionParts(settings.Name, options, settings.TimeProvider, () => client!)
        {
            Store = settings.Store,
            Endpoint = settings.TokenEndpoint,
            Protector = settings.Protector,
            LoggerFactory = settings.LoggerFactory ?? NullLoggerFactory.Instance,
            Instruments = Instruments.Shared,
            EndsWithSession = true,
            Owned = client,
        });
    }

    /// <summary>Composes the services from parts that were validated before.</summary>
    public static SessionServices Compose(SessionParts parts)
    {
        var (name, options, time, client) = parts;
        var work = new WorkTracker();
        return new SessionServices
        {
            Name = name,
            Options = options,
            Time = time,
            Store = parts.Store,
            Protector = parts.Protector,
            Watch = new RecordWatch(time),
            Endpoint = parts.Endpoint ?? TokenEndpoints.For(options, client, time),
            Pipeline = RefreshPipeline.Build(options, time, RandomNumber.Next, work.Stopping),
            Revocation = TokenRevocation.For(options, client),
            Logger = new GuardedLogger(parts.LoggerFactory.CreateLogger<TokenSession>()),
            Telemetry = new SessionTelemetry(parts.Instruments, name),
            Random = RandomNumber.Next,
            FlightSettings = new FlightSettings(name, time, RandomNumber.Next, options.MinRefreshInterval, parts.Store is not null),
            Work = work,
            ClientRecord = ClientRecordOf(options),
            EndsWithSession = parts.EndsWithSession,
            Owned = parts.Owned,
        };
    }

    private static string? ClientRecordOf(TokenRefreshOptions options)
    {
        if (options.GrantType != TokenGrantType.ClientCredentials)
        {
            return null;
        }

        var parameters = options.ExtraParameters.OrderBy(parameter => parameter.Key, StringComparer.Ordinal).Select(parameter => parameter.Key + "=" + parameter.Value);
        return "client:" + StoreKey.For(new TokenSessionKey(options.ClientId ?? "", string.Join("\n", [options.Scope ?? "", .. parameters])));
    }
}
