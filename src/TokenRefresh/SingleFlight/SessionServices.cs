using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using Polly;
using TokenRefresh.Diagnostics;
using TokenRefresh.Protocol;
using TokenRefresh.Storage;

namespace TokenRefresh.SingleFlight;

/// <summary>What all sessions of one name share: their settings, seams and clock. A session itself holds only its state.</summary>
internal sealed class SessionServices : IAsyncDisposable
{
    private readonly Lazy<UserSessions> _users;
    private readonly Lazy<RecordWatch> _watch;

    public SessionServices()
    {
        _users = new Lazy<UserSessions>(() => new UserSessions(this));
        _watch = new Lazy<RecordWatch>(() => new RecordWatch(Time!));
    }

    public required string Name { get; init; }

    public required TokenRefreshOptions Options { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Where the tokens live; <see langword="null"/>: in the sessions themselves.</summary>
    public ITokenStore? Store { get; init; }

    /// <summary>What is remembered of the records that these sessions wait for.</summary>
    public RecordWatch Watch => _watch.Value;

    public required ITokenEndpoint Endpoint { get; init; }

    public required ResiliencePipeline<TokenEndpointResult> Pipeline { get; init; }

    public required ILogger Logger { get; init; }

    public required SessionTelemetry Telemetry { get; init; }

    public ITokenProtector? Protector { get; init; }

    /// <summary>Tells the server of a sign-out; <see langword="null"/>: it isn't told.</summary>
    public TokenRevocation? Revocation { get; init; }

    /// <summary>Whether the tokens are the client's own (RFC 6749, section 4.4): there is no user to sign in, and no refresh token.</summary>
    public bool IsOwnClient => Options.GrantType == TokenGrantType.ClientCredentials;

    /// <summary>A random number from 0 to 1.</summary>
    public required Func<double> Random { get; init; }

    /// <summary>Whether they are one session's alone, and end with it.</summary>
    public bool EndsWithSession { get; init; }

    /// <summary>Disposed with the sessions: what was made for them alone.</summary>
    public IDisposable? Owned { get; init; }

    public OpenWork Work { get; } = new();

    public Gates Gates { get; } = new();

    public UserSessions Users => _users.Value;

    /// <summary>The sessions of users that are in memory.</summary>
    public IEnumerable<TokenSession> KnownUsers => _users.IsValueCreated ? Users.Known : [];

    public async ValueTask DisposeAsync()
    {
        await Work.DrainAsync().ConfigureAwait(false);
        if (_users.IsValueCreated)
        {
            Users.Dispose();
        }

        Owned?.Dispose();
    }
}
