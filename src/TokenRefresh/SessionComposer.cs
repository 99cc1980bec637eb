using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Diagnostics;
using TokenRefresh.Options;
using TokenRefresh.Protocol;
using TokenRefresh.Refreshing;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>Composes the services of a session, with and without dependency injection.</summary>
internal static class SessionComposer
{
    /// <summary>Composes a session that is created without dependency injection.</summary>
    /// <exception cref="ArgumentException">An option or setting is wrong.</exception>
    public static SessionServices Compose(TokenRefreshOptions options, TokenSessionSettings settings)
    {
        Require.NotEmpty(settings.Name, nameof(settings));
        var validation = TokenRefreshOptionsValidator.Validate(settings.Name, options, hasOwnEndpoint: settings.TokenEndpoint is not null);
        if (validation.Failed)
        {
            throw new ArgumentException(validation.FailureMessage, nameof(options));
        }

        if (EncryptionRequirement.FindFailure(
            settings.Store, settings.Protector, settings.AllowUnencryptedStore, EncryptionRequirement.OfSettings) is { } failure)
        {
            throw new ArgumentException($"TokenRefresh client '{settings.Name}': {failure}", nameof(settings));
        }

        if (FinalEndpointHandler.FindUnusableWithoutLookup(options) is { } lookedUp)
        {
            throw new ArgumentException(
                $"TokenRefresh client '{settings.Name}': {Origin.TextOf(lookedUp)} isn't https. Only a session of a container can have an "
                + "address that "
                + "service discovery looks up. Use https, or add the origin to InsecureOrigins.",
                nameof(options));
        }

        var loggers = settings.LoggerFactory ?? NullLoggerFactory.Instance;
        WarnOfInsecureOrigins(GuardedLogger.Create(loggers), settings.Name, options);
        var needsClient = settings.TokenEndpoint is null || options.RevocationEndpoint is not null || options.Issuer is not null;
        var client = needsClient ? BackchannelHandler.CreateClient(settings.TokenEndpointHandler, options) : null;
        return Compose(new SessionParts(settings.Name, options, settings.TimeProvider)
        {
            Client = () => client!,
            Store = settings.Store,
            Endpoint = settings.TokenEndpoint,
            Protector = settings.Protector,
            LoggerFactory = loggers,
            Instruments = Instruments.Shared,
            EndsWithSession = true,
            Owned = client,
        });
    }

    /// <summary>Composes the services from parts that were validated before.</summary>
    public static SessionServices Compose(SessionParts parts)
    {
        var (name, options, time) = parts;
        var client = parts.Client;
        var work = new WorkTracker();
        var logger = GuardedLogger.Create(parts.LoggerFactory);
        var discovery = options.Issuer is null ? null : new Discovery(options, client, time, logger, name);
        return new SessionServices
        {
            Name = name,
            Options = options,
            Time = time,
            Store = parts.Store,
            Protector = parts.Protector,
            Watch = new RecordWatch(time),
            Endpoint = parts.Endpoint ?? TokenEndpoints.For(options, client, discovery, time),
            Pipeline = RefreshPipeline.Build(options, time, RandomNumber.Next, work.Stopping),
            Revocation = TokenRevocation.For(options, client, discovery),
            Logger = logger,
            Telemetry = new SessionTelemetry(parts.Instruments, name),
            Random = RandomNumber.Next,
            FlightSettings = new FlightSettings(name, time, RandomNumber.Next, options.MinRefreshInterval, parts.Store is not null),
            Work = work,
            Rechecks = RechecksOf(parts),
            ClientRecord = ClientRecordOf(options),
            EndsWithSession = parts.EndsWithSession,
            Owned = parts.Owned,
        };
    }

    /// <summary>Warns of origins that get tokens over plain http.</summary>
    public static void WarnOfInsecureOrigins(ILogger logger, string name, TokenRefreshOptions options)
    {
        if (options.InsecureOrigins.Count > 0)
        {
            SessionLog.InsecureOriginsAllowed(logger, name, string.Join(", ", options.InsecureOrigins.Select(Origin.TextOf)));
        }
    }

    private static RecheckSettings? RechecksOf(SessionParts parts) =>
        parts is { Store: not null, Options: { GrantType: not TokenGrantType.ClientCredentials, RecheckInterval: { } interval } }
            && interval > TimeSpan.Zero
            ? new RecheckSettings(interval, parts.Time)
            : null;

    private static string? ClientRecordOf(TokenRefreshOptions options)
    {
        if (options.GrantType != TokenGrantType.ClientCredentials)
        {
            return null;
        }

        var parameters = options.ExtraParameters.OrderBy(
            parameter => parameter.Key, StringComparer.Ordinal).Select(parameter => parameter.Key + "=" + parameter.Value);
        return "client:" + StoreKey.For(
            new TokenSessionKey(options.ClientId ?? "", string.Join("\n", [options.Scope ?? "", .. parameters])));
    }
}
