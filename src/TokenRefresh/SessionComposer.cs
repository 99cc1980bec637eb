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
        if (string.IsNullOrEmpty(settings.Name))
        {
            throw new ArgumentException("Name is empty. Set it, or leave its default.", nameof(settings));
        }

        if (settings.TimeProvider is null)
        {
            throw new ArgumentException(
                $"TokenRefresh client '{settings.Name}': TimeProvider is null. Set it, or leave its default.", nameof(settings));
        }

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

        if (FindWhatNeedsContainer(options) is { } wrong)
        {
            throw new ArgumentException($"TokenRefresh client '{settings.Name}': {wrong}", nameof(options));
        }

        WarnOfInsecureOrigins(new GuardedLogger(settings.LoggerFactory ?? NullLoggerFactory.Instance), settings.Name, options);
        var needsClient = settings.TokenEndpoint is null || options.RevocationEndpoint is not null || options.Issuer is not null;
        var client = needsClient ? BackchannelHandler.CreateClient(settings.TokenEndpointHandler, options) : null;
        return Compose(options, settings, () => client!, Instruments.Shared, owned: client);
    }

    /// <summary>
    /// Composes the services from options and settings that were validated before. The client sends token requests and revocations. The
    /// owned object is disposed with the services.
    /// </summary>
    public static SessionServices Compose(
        TokenRefreshOptions options, TokenSessionSettings settings, Func<HttpClient> client, Instruments instruments, IDisposable? owned)
    {
        var (name, time, store) = (settings.Name, settings.TimeProvider, settings.Store);
        var work = new WorkTracker();
        var logger = new GuardedLogger(settings.LoggerFactory ?? NullLoggerFactory.Instance);
        var discovery = options.Issuer is null ? null : new Discovery(options, client, time, logger, name);
        return new SessionServices
        {
            Name = name,
            Options = options,
            Time = time,
            Store = store,
            Protector = settings.Protector,
            Watch = new RecordWatch(time),
            Endpoint = settings.TokenEndpoint ?? new HttpTokenEndpoint(options, client, discovery, time),
            Pipeline = RefreshPipeline.Build(options, time, RandomNumber.Next, work.Stopping),
            Revocation = TokenRevocation.For(options, client, discovery),
            Logger = logger,
            Telemetry = new SessionTelemetry(instruments, name),
            FlightSettings = new FlightSettings(name, time, RandomNumber.Next, options.MinRefreshInterval, store is not null),
            Work = work,
            Rechecks = store is null ? null : RechecksOf(options, time),
            ClientRecord = ClientRecordOf(options),
            Owned = owned,
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

    private static string? FindWhatNeedsContainer(TokenRefreshOptions options) =>
        options.UserKey is not null
            ? "UserKey is set, but a session that is created without dependency injection has one login for all requests. Remove UserKey "
                + "and create a session with a Name of its own for each user, or register the client with AddTokenRefreshHandler."
        : FinalEndpointHandler.FindUnusableWithoutLookup(options) is { } lookedUp
            ? $"{Origin.TextOf(lookedUp)} isn't https. Only a session of a container can have an address that service discovery looks up. "
                + "Use https, or add the origin to InsecureOrigins."
        : null;

    private static RecheckSettings? RechecksOf(TokenRefreshOptions options, TimeProvider time) =>
        options is { GrantType: not TokenGrantType.ClientCredentials, RecheckInterval: { } interval } && interval > TimeSpan.Zero
            ? new RecheckSettings(interval, time)
            : null;

    private static string? ClientRecordOf(TokenRefreshOptions options)
    {
        if (options.GrantType != TokenGrantType.ClientCredentials)
        {
            return null;
        }

        var parameters = options.ExtraParameters.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{pair.Key}={pair.Value}");
        return "client:" + StoreKey.For(new(options.ClientId ?? "", string.Join("\n", [options.Scope ?? "", .. parameters])));
    }
}
