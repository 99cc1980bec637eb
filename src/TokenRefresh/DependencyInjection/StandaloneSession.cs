using System;
using System.Net.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TokenRefresh.Diagnostics;
using TokenRefresh.Options;
using TokenRefresh.Protocol;
using TokenRefresh.SingleFlight;
using TokenRefresh.Storage;

namespace TokenRefresh;

/// <summary>Puts a session together by hand.</summary>
internal static class StandaloneSession
{
    public static SessionServices Compose(
        TokenRefreshOptions options,
        TimeProvider? timeProvider,
        ITokenStore? store,
        ITokenEndpoint? endpoint,
        ITokenProtector? protector,
        HttpMessageHandler? backchannel,
        ILoggerFactory? loggerFactory,
        string name,
        bool allowUnencryptedStore)
    {
        var validation = TokenRefreshOptionsValidator.Validate(name, options, hasOwnEndpoint: endpoint is not null);
        if (validation.Failed)
        {
            throw new ArgumentException(validation.FailureMessage, nameof(options));
        }

        if (EncryptionRequirement.FindFailure(store, protector, allowUnencryptedStore) is { } failure)
        {
            throw new ArgumentException($"TokenRefresh client '{name}': {failure}", nameof(protector));
        }

        var time = timeProvider ?? TimeProvider.System;
        HttpClient? client = null;
        if (endpoint is null || options.RevocationEndpoint is not null)
        {
            client = BackchannelHandler.CreateClient(backchannel, options);
        }

        return new SessionServices
        {
            Name = name,
            Options = options,
            Time = time,
            Store = store,
            Endpoint = endpoint ?? TokenEndpoints.For(options, () => client!, time),
            Pipeline = RefreshPipeline.Build(options, time, Jitter.Next),
            Logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<TokenSession>(),
            Revocation = TokenRevocation.For(options, () => client!),
            Telemetry = new SessionTelemetry(Instruments.Shared, name, time),
            Protector = protector,
            Random = Jitter.Next,
            EndsWithSession = true,
            Owned = client,
        };
    }
}
