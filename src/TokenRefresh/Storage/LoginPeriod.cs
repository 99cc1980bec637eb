namespace TokenRefresh.Storage;

/// <summary>
/// The time between two sign-outs of a session is a period. Its number is the version of its first sign-in, so it only grows and is the
/// same for all processes. It is saved with the tokens. Only sessions with <see cref="TokenRefreshOptions.CountsPeriods"/> have it.
/// </summary>
internal static class LoginPeriod
{
    /// <summary>The period of a sign-in whose process knows no period to join.</summary>
    public const long New = -1;

    /// <summary>Sets the period of a sign-in's tokens: the period of the login that they replace or, after a sign-out, a new one.</summary>
    /// <param name="tokens">The tokens, in the period that the process knows of, or in <see cref="New"/>.</param>
    /// <param name="knownVersion">The version that the process knows of.</param>
    /// <param name="replaced">The record that the sign-in replaces; <see langword="null"/> if there is none.</param>
    /// <param name="read">Gives the tokens of a record; <see langword="null"/> if there are none, or they can't be read.</param>
    /// <param name="version">The version of the sign-in.</param>
    public static TokenSet Join(
        TokenSet tokens, long knownVersion, LoginRecord? replaced, Func<LoginRecord, TokenSet?> read, long version)
    {
        if (tokens.Period == 0)
        {
            return tokens;
        }

        // A sign-out always counts. Otherwise the newer of the two counts: the record, or the version that the process knows.
        var isRecordNewer = replaced is { State: LoginState.SignedOut } || replaced?.Version > knownVersion;
        var period = isRecordNewer ? read(replaced!)?.Period : tokens.Period;
        return tokens.WithPeriod(period > 0 ? period.Value : version);
    }
}
