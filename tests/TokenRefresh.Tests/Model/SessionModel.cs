namespace TokenRefresh.Tests.Model;

/// <summary>What a session is meant to be, one thing after the other: no threads, no store, no HTTP.</summary>
internal sealed class SessionModel(bool hasGrace)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly Queue<Command> _faults = [];
    private TokenSessionState _state = TokenSessionState.SignedOut;
    private TimeSpan _now;
    private TimeSpan _ahead;
    private TimeSpan _saved;
    private TimeSpan _received;
    private (TimeSpan Steady, TimeSpan Wall)? _failed;
    private bool _isRefused;
    private bool _isRevoked;

    // When the server last issued a token; null if it issued none, or revoked it. The second: the same for a token whose response was lost.
    private TimeSpan? _accepted;
    private TimeSpan? _acceptedUnseen;
    private bool _isSpent;
    private bool _isLoaded = true;

    /// <summary>How often the token endpoint was called.</summary>
    public int Calls { get; private set; }

    public int ReLogins { get; private set; }

    private bool IsStale => _isRefused || _now + _ahead >= _received + Lifetime;

    private bool IsAccepted => _now < _accepted + Lifetime;

    private bool IsCoolingDown => _failed is { } failed && _now == failed.Steady && _now + _ahead <= failed.Wall;

    public string Do(Command command)
    {
        if (!_isLoaded && command is (Command.Send or Command.SendAndCancel or Command.Ask or Command.Force))
        {
            // The token's age is the store's. Each process hears once of a dead login.
            (_isLoaded, _received) = (true, _saved + _ahead);
            ReLogins += _state == TokenSessionState.ReLoginRequired ? 1 : 0;
        }

        switch (command)
        {
            case Command.Send or Command.SendAndCancel:
                return Send(isCancelled: command == Command.SendAndCancel);
            case Command.Ask:
                return _state == TokenSessionState.SignedIn && IsStale ? Refresh(isForced: false) ?? "a token" : Known;
            case Command.Force:
                return _state == TokenSessionState.SignedIn ? Refresh(isForced: true) ?? "a token" : Known;
            case Command.Expire:
                (_accepted, _acceptedUnseen) = (null, null);
                break;
            case Command.Revoke:
                _isRevoked = true;
                break;
            case Command.Fail:
                // The server is out of order for three calls.
                _faults.Enqueue(command);
                _faults.Enqueue(command);
                _faults.Enqueue(command);
                break;
            case Command.Cut:
                _faults.Enqueue(command);
                break;
            case Command.SignIn:
                (_state, _isRevoked) = (TokenSessionState.SignedIn, false);
                Receive(_now);
                break;
            case Command.SignOut:
                _state = TokenSessionState.SignedOut;
                break;
            case Command.Restart:
                // What only the old process knew.
                (_failed, _isRefused, _isLoaded) = (null, false, false);
                break;
            case Command.Wait:
                _now += TimeSpan.FromMinutes(6);
                break;
            default:
                _ahead += TimeSpan.FromMinutes(command == Command.JumpAhead ? 10 : -10);
                break;
        }

        return "";
    }

    private string Known => _state switch
    {
        TokenSessionState.SignedIn => "a token",
        TokenSessionState.ReLoginRequired => "ReLoginRequired",
        _ => "nobody",
    };

    private string Send(bool isCancelled)
    {
        if (_state != TokenSessionState.SignedIn)
        {
            return "401";
        }

        if (IsStale && Hold(isCancelled) is { } outcome)
        {
            return outcome;
        }

        if (IsAccepted)
        {
            return "200";
        }

        // A 401: once more, with another token. A second one is the caller's.
        _isRefused = true;
        return Hold(isCancelled) ?? (IsAccepted ? "200" : "401");
    }

    private string? Hold(bool isCancelled)
    {
        var calls = Calls;
        var failure = Refresh(isForced: false);
        return isCancelled && Calls > calls ? "cancelled" : failure == "ReLoginRequired" ? "401" : failure;
    }

    private string? Refresh(bool isForced)
    {
        if (IsCoolingDown && !isForced)
        {
            return "Transient";
        }

        var isReplayed = false;
        var retries = 0;
        while (true)
        {
            Calls++;
            if (!_faults.TryDequeue(out var fault))
            {
                break;
            }

            if (fault == Command.Cut && !_isSpent)
            {
                (_isSpent, _acceptedUnseen) = (true, _now);
            }

            // A lost response is asked for once more. A failure is tried three times, and once if the flight before failed too.
            if (fault == Command.Cut ? isReplayed : retries == 2 || _failed is not null)
            {
                _failed = (_now, _now + _ahead);
                return "Transient";
            }

            isReplayed |= fault == Command.Cut;
            retries += fault == Command.Fail ? 1 : 0;
        }

        if (_isRevoked || (_isSpent && !hasGrace))
        {
            (_state, _failed) = (TokenSessionState.ReLoginRequired, null);
            ReLogins++;
            return "ReLoginRequired";
        }

        Receive(_isSpent ? _acceptedUnseen : _now);
        return null;
    }

    private void Receive(TimeSpan? accepted) =>
        (_accepted, _isSpent, _isRefused, _isLoaded, _saved, _received, _failed) = (accepted, false, false, true, _now, _now + _ahead, null);
}
